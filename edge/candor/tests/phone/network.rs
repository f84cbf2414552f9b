//! Phone, host and internet: three namespaces and the cables between them.

use std::{
    io::Write,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;

/// It is gone with this value.
pub struct Network {
    phone: String,
    host: String,
    internet: String,
    files: TempDir,
    server: std::cell::RefCell<Option<Child>>,
}

impl Network {
    /// None where no namespaces can be made; says so.
    pub fn new(name: &str) -> Option<Self> {
        let named = |part: &str| format!("candor-{part}-{name}-{}", std::process::id());
        let (phone, host, internet) = (named("phone"), named("host"), named("net"));
        let files = tempfile::tempdir().unwrap();
        let network = Self { phone, host, internet, files, server: None.into() };
        for one in [&network.phone, &network.host, &network.internet] {
            if !succeeds(Command::new("ip").args(["netns", "add", one])) {
                println!("skipped: no right to make network namespaces");
                return None;
            }
        }
        for (one, other, card, end, here, there) in [
            (
                &network.host,
                &network.phone,
                "card",
                "eth0",
                ["10.77.0.1/24", "fd77::1/64"],
                ["10.77.0.2/24", "fd77::2/64"],
            ),
            (
                &network.host,
                &network.internet,
                "wan",
                "eth0",
                ["203.0.113.1/24", "2001:db8:1::1/64"],
                ["203.0.113.80/24", "2001:db8:1::80/64"],
            ),
        ] {
            network.ip(one, &format!("link add {card} type veth peer name {end} netns {other}"));
            for (space, name, addresses) in [(one, card, here), (other, end, there)] {
                network.ip(space, &format!("addr add {} dev {name}", addresses[0]));
                network.ip(space, &format!("-6 addr add {} dev {name} nodad", addresses[1]));
                network.ip(space, &format!("link set {name} up"));
                network.ip(space, "link set lo up");
            }
        }
        network.ip(&network.phone, "route add default via 10.77.0.1");
        network.ip(&network.phone, "-6 route add default via fd77::1");
        std::fs::write(network.files.path().join("resolv.conf"), "nameserver 198.51.100.53\n").unwrap();
        Some(network)
    }

    fn ip(&self, space: &str, words: &str) {
        let mut command = Command::new("ip");
        let (family, words) = words.strip_prefix("-6 ").map_or((None, words), |rest| (Some("-6"), rest));
        command.args(["-n", space]).args(family).args(words.split(' '));
        assert!(succeeds(&mut command), "ip {words}");
    }

    /// The same command on the host.
    pub fn on_the_host(&self, command: Command) -> Command {
        inside(&self.host, command)
    }

    /// Runs a program on the phone, which asks a name server somewhere outside.
    pub fn on_the_phone(&self, words: &[&str]) -> Output {
        let resolv = self.files.path().join("resolv.conf");
        let mut command = Command::new("sh");
        // What is mounted here is seen by this program alone.
        command.args(["-c", r#"mount --bind "$0" /etc/resolv.conf && exec "$@""#]).arg(resolv).args(words);
        inside(&self.phone, command).stdin(Stdio::null()).output().unwrap()
    }

    /// The tables of nftables on the host, one a line.
    pub fn tables(&self) -> String {
        let mut list = Command::new("nft");
        list.args(["list", "tables"]);
        let mut lines: Vec<String> = String::from_utf8(self.on_the_host(list).output().unwrap().stdout)
            .unwrap()
            .lines()
            .map(|line| format!("{line}\n"))
            .collect();
        lines.sort();
        lines.concat()
    }

    pub fn nft(&self, rule: &str) {
        let mut command = Command::new("nft");
        command.args(rule.split(' '));
        assert!(succeeds(&mut self.on_the_host(command)), "{rule}");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// The certificate of the server in the internet.
    pub fn certificate(&self) -> String {
        self.file("leaf.pem").to_str().unwrap().to_owned()
    }

    /// Starts nginx in the internet. False where there is none; says so.
    pub fn serve(&self) -> bool {
        let names = "subjectAltName=IP:203.0.113.80,IP:2001:db8:1::80";
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
        openssl.args(["-subj", "/CN=server", "-addext", names, "-keyout"]).arg(self.file("leaf.key"));
        openssl.arg("-out").arg(self.file("leaf.pem"));
        if !succeeds(&mut openssl) {
            println!("skipped: no openssl");
            return false;
        }
        std::fs::write(self.file("file"), "from the internet\n").unwrap();
        let at = self.files.path().display();
        let config = format!(
            "daemon off; user root; worker_processes 1; pid {at}/pid; error_log {at}/error.log;
             events {{ }}
             http {{ access_log off; root {at}; client_body_temp_path {at}/t1; proxy_temp_path {at}/t2; fastcgi_temp_path {at}/t3;
               uwsgi_temp_path {at}/t4; scgi_temp_path {at}/t5;
               server {{ listen 80; listen [::]:80; listen 443 ssl http2; listen [::]:443 ssl http2;
                 ssl_certificate {at}/leaf.pem; ssl_certificate_key {at}/leaf.key; }} }}"
        );
        std::fs::write(self.file("nginx.conf"), config).unwrap();
        let mut nginx = Command::new("nginx");
        nginx.arg("-c").arg(self.file("nginx.conf")).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = inside(&self.internet, nginx).spawn() else {
            println!("skipped: no nginx");
            return false;
        };
        *self.server.borrow_mut() = Some(child);
        let listens = || {
            let mut bash = Command::new("bash");
            bash.args(["-c", "exec 3<>/dev/tcp/203.0.113.80/443"]);
            succeeds(&mut inside(&self.internet, bash))
        };
        let started = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            listens()
        });
        if !started {
            println!("skipped: nginx did not start");
        }
        started
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.borrow_mut().take() {
            let _ = Command::new("kill").arg(server.id().to_string()).status();
            let _ = server.wait();
        }
        for space in [&self.phone, &self.host, &self.internet] {
            succeeds(Command::new("ip").args(["netns", "del", space]));
        }
    }
}

/// A command as it runs in a namespace; its number stays that of what is started.
fn inside(space: &str, command: Command) -> Command {
    let mut within = Command::new("ip");
    within.args(["netns", "exec", space]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => within.env(name, value),
            None => within.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        within.current_dir(folder);
    }
    within
}

fn succeeds(command: &mut Command) -> bool {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(b"");
    }
    child.wait().is_ok_and(|status| status.success())
}
