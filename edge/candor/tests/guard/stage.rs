//! A running `candor guard`, a server that is every server, and curl between.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use model::{Record, Request};
use proxy::{CertificateAuthority, Proxy, ProxySettings, StaticResponse};
use tempfile::TempDir;

/// A server that has every name, and keeps what it got.
pub struct Everywhere {
    pub authority: Arc<CertificateAuthority>,
    pub address: String,
    got: Arc<Mutex<Vec<Request>>>,
    _proxy: Proxy,
}

impl Everywhere {
    pub fn start() -> Self {
        let authority = Arc::new(CertificateAuthority::in_memory("Candor test").unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&got);
        let answer = move |request: &Request| {
            log.lock().unwrap().push(request.clone());
            StaticResponse::sinkhole(200, "text/html", "<!doctype html><title>A page</title>from the server")
        };
        let (sink, mut records) = tokio::sync::mpsc::channel::<Record>(1);
        tokio::spawn(async move { while records.recv().await.is_some() {} });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy =
            Proxy::serve(listener, Arc::clone(&authority), Arc::new(answer), Arc::new(sink), ProxySettings::default())
                .unwrap();
        Self { authority, address: proxy.address().to_string(), got, _proxy: proxy }
    }

    /// Whether anything with this text has come since this was asked last.
    pub fn got(&self, text: &str) -> bool {
        let all = std::mem::take(&mut *self.got.lock().unwrap());
        all.iter()
            .any(|request| request.url.contains(text) || String::from_utf8_lossy(&request.body.bytes).contains(text))
    }
}

/// A guard that goes on until it is ended.
pub struct Guard {
    home: TempDir,
    child: Child,
    said: mpsc::Receiver<String>,
    pub normal: String,
    pub private: String,
    pub greeting: String,
}

impl Guard {
    pub fn start(server: &Everywhere, arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("servers.pem"), server.authority.cert_pem()).unwrap();
        let resolve = format!("*:{}", server.address);
        let mut child = candor(&home)
            .args(["guard", "--listen", "127.0.0.1:0", "--private", "127.0.0.1:0", "--page", "127.0.0.1:0"])
            .args(["--resolve", &resolve, "--upstream-ca", "servers.pem"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, said) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        let mut guard =
            Self { home, child, said, normal: String::new(), private: String::new(), greeting: String::new() };
        let all = guard.until("Ctrl-C ends");
        guard.normal = address(&all, "for normal windows");
        guard.private = address(&all, "for private windows");
        guard.greeting = all.join("\n");
        guard
    }

    /// Waits until it says a line with these words; what it said until then.
    pub fn until(&self, words: &str) -> Vec<String> {
        let mut all = Vec::new();
        while let Ok(line) = self.said.recv_timeout(Duration::from_secs(60)) {
            all.push(line);
            if all.last().is_some_and(|line| line.contains(words)) {
                return all;
            }
        }
        panic!("it never said {words:?}, but {all:?}");
    }

    /// Another command of the same person, with this on standard input.
    pub fn run(&self, arguments: &[&str], input: &str) -> String {
        let mut command = candor(&self.home);
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let out = child.wait_with_output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.home.path().join("home/guard").join(name), text).unwrap();
    }

    pub fn has(&self, name: &str) -> bool {
        self.home.path().join(name).exists()
    }

    /// Somebody goes to a page by this port.
    pub fn visit(&self, port: &str, url: &str) -> String {
        curl(port, &["-H", "Sec-Fetch-Mode: navigate", "-H", "Sec-Fetch-Dest: document", url])
    }

    /// Something reports this to a collector.
    pub fn report(&self, port: &str, what: &str) -> String {
        curl(port, &["-d", what, "https://sa.api.intl.miui.com/sa?project=p"])
    }

    /// As Ctrl-C does; what it says then.
    pub fn stop(mut self) -> String {
        let ended = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(ended.success());
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        assert!(self.child.wait().unwrap().success());
        stdout
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn candor(home: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_candor"));
    command.env("CANDOR_HOME", home.path().join("home")).env("HOME", home.path()).current_dir(home.path());
    command.env("CANDOR_SYSROOT", home.path().join("root")).stdin(Stdio::null());
    command
}

fn address(all: &[String], whose: &str) -> String {
    let line = all.iter().find(|line| line.contains(whose)).unwrap();
    line.split("listening on ").nth(1).unwrap().split(' ').next().unwrap().to_owned()
}

fn curl(proxy: &str, arguments: &[&str]) -> String {
    let out = Command::new("curl")
        .args(["-sS", "--max-time", "60", "-k", "--proxy", proxy])
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .unwrap();
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}
