//! A browser that nobody has used before, on a visit.

use std::process::{Child, Command, Stdio};

use crate::place::{Place, succeeds};

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {
    Chromium,
    Firefox,
}

/// How it goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Direct,
    Http,
    /// TLS to the proxy, and HTTP/2 in it.
    Https,
    Socks,
}

impl Browser {
    pub fn program(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox-esr",
        }
    }

    /// Where certificates are looked for, below the folder of its own.
    fn trusts(self) -> &'static str {
        match self {
            Self::Chromium => ".pki/nssdb",
            Self::Firefox => "profile",
        }
    }

    /// Starts it as nobody, on a profile of its own, and gives what the servers
    /// were asked meanwhile. `proxy` is an address and a port.
    pub fn visits(self, place: &Place, url: &str, route: Route, proxy: &str, trusted: &[&std::path::Path]) -> String {
        let own = place.file(&format!("{self:?}-{route:?}"));
        let database = own.join(self.trusts());
        std::fs::create_dir_all(&database).unwrap();
        let at = format!("sql:{}", database.display());
        assert!(succeeds(Command::new("certutil").args(["-d", &at, "-N", "--empty-password"])));
        for (number, pem) in trusted.iter().enumerate() {
            let name = number.to_string();
            let mut add = Command::new("certutil");
            assert!(
                succeeds(add.args(["-d", &at, "-A", "-t", "C,,", "-n", &name, "-i"]).arg(pem)),
                "{}",
                pem.display()
            );
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "-i"]);
        let path = std::env::var("PATH").unwrap();
        let home = own.display();
        command.args([format!("PATH={path}"), format!("HOME={home}"), self.program().to_owned()]);
        match self {
            Self::Chromium => chromium(&mut command, &home.to_string(), route, proxy),
            Self::Firefox => {
                std::fs::write(own.join("profile/user.js"), preferences(route, proxy)).unwrap();
                command.args(["--headless", "--no-remote", "--profile", &format!("{home}/profile")]);
            }
        }
        command.arg(url);
        assert!(succeeds(Command::new("chown").args(["-R", "65534:65534"]).arg(&own)));
        let running = Running(place.inside(&command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let visited = place.visited();
        drop(running);
        visited.unwrap_or_else(|| panic!("{self:?} did not come to the end of its visit by {route:?}"))
    }
}

/// It ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn chromium(command: &mut Command, home: &str, route: Route, proxy: &str) {
    command.args(["--headless=new", "--disable-gpu", "--no-first-run", &format!("--user-data-dir={home}/data")]);
    // An address in clear is asked for in clear at once.
    command.arg("--disable-features=HttpsUpgrades");
    command.arg(match route {
        Route::Direct => "--no-proxy-server".to_owned(),
        Route::Http => format!("--proxy-server=http://{proxy}"),
        Route::Https => format!("--proxy-server=https://{proxy}"),
        Route::Socks => format!("--proxy-server=socks5://{proxy}"),
    });
}

/// Firefox' settings, as its profile has them.
fn preferences(route: Route, proxy: &str) -> String {
    let (host, port) = proxy.split_once(':').unwrap();
    let route = match route {
        Route::Direct => "network.proxy.type=0".to_owned(),
        Route::Http => format!(
            "network.proxy.type=1 network.proxy.http='{host}' network.proxy.http_port={port} network.proxy.ssl='{host}' network.proxy.ssl_port={port}"
        ),
        // Firefox has no field for it; a script of three words says it.
        Route::Https => format!(
            "network.proxy.type=2 network.proxy.autoconfig_url='data:application/x-ns-proxy-autoconfig,function%20FindProxyForURL(){{return%20\"HTTPS%20{proxy}\"}}'"
        ),
        Route::Socks => format!(
            "network.proxy.type=1 network.proxy.socks='{host}' network.proxy.socks_port={port} network.proxy.socks_remote_dns=true"
        ),
    };
    let quiet = "browser.shell.checkDefaultBrowser=false datareporting.policy.firstRunURL='' browser.aboutwelcome.enabled=false";
    let line = |word: &str| {
        let (name, value) = word.split_once('=').unwrap();
        format!("user_pref(\"{name}\", {value});\n")
    };
    format!("{route} {quiet}").split(' ').map(line).collect()
}
