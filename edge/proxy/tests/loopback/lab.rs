//! A proxy under test, and what it recorded.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Command, Output},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use model::{Exchange, Note, Record, Request};
use proxy::{
    AnswerProvider, CertificateAuthority, ForwardMode, Proxy, ProxySettings, StaticResponse, UpstreamSettings,
};
use tempfile::TempDir;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::origin;

pub(crate) struct Lab {
    pub(crate) address: SocketAddr,
    proxy: Proxy,
    records: Arc<Mutex<Vec<Record>>>,
    collected: JoinHandle<()>,
    files: TempDir,
}

/// What a proxy had recorded when it had ended.
pub(crate) struct Seen {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) notes: Vec<Note>,
}

/// One authority for all tests: making one costs more than a test.
pub(crate) fn authority() -> Arc<CertificateAuthority> {
    static ONE: OnceLock<Arc<CertificateAuthority>> = OnceLock::new();
    Arc::clone(ONE.get_or_init(|| Arc::new(CertificateAuthority::in_memory("Candor test").unwrap())))
}

/// Says the method and the length of the body.
pub(crate) fn echo(request: &Request) -> StaticResponse {
    let text = format!("{} {}", request.method, request.body.bytes.len());
    StaticResponse::sinkhole(200, "text/plain", text).with("X-First", "1").with("X-Second", "2")
}

impl Lab {
    pub(crate) fn start() -> Self {
        Self::with(ProxySettings::default(), echo)
    }

    pub(crate) fn with(settings: ProxySettings, answers: impl AnswerProvider) -> Self {
        Self::on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), settings, answers)
    }

    pub(crate) fn on(listener: TcpListener, settings: ProxySettings, answers: impl AnswerProvider) -> Self {
        // A queue of one: the proxy waits for the sink, and loses nothing.
        let (sink, mut queue) = mpsc::channel(1);
        let proxy = Proxy::serve(listener, authority(), Arc::new(answers), Arc::new(sink), settings).unwrap();
        let records = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&records);
        let collected = tokio::spawn(async move {
            while let Some(record) = queue.recv().await {
                all.lock().unwrap().push(record);
            }
        });
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("ca.pem"), authority().cert_pem()).unwrap();
        Self { address: proxy.address(), proxy, records, collected, files }
    }

    /// One that passes everything on to servers, and trusts the tests' own.
    pub(crate) fn onward() -> Self {
        Self::with(upstream(UpstreamSettings::default()), echo)
    }

    /// Where this test may write.
    pub(crate) fn file(&self, name: &str) -> String {
        self.files.path().join(name).to_str().unwrap().to_owned()
    }

    /// curl through this proxy, trusting it.
    pub(crate) async fn curl(&self, arguments: &[&str]) -> Output {
        let (proxy, ca) = (format!("http://{}", self.address), self.file("ca.pem"));
        run("curl", &[&["-sS", "--max-time", "30", "--proxy", &proxy, "--cacert", &ca], arguments].concat()).await
    }

    /// Waits until something was recorded.
    pub(crate) async fn recorded(&self) {
        for _ in 0..2_000 {
            if !self.records.lock().unwrap().is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("nothing was recorded");
    }

    /// Ends the proxy and gives what it recorded.
    pub(crate) async fn stop(self) -> Seen {
        self.proxy.stop().await;
        let (mut exchanges, mut notes) = (Vec::new(), Vec::new());
        self.collected.await.unwrap();
        for record in self.records.lock().unwrap().drain(..) {
            match record {
                Record::Exchange(exchange) => exchanges.push(*exchange),
                Record::Note(note) => notes.push(note),
                _ => {}
            }
        }
        Seen { exchanges, notes }
    }
}

impl Seen {
    /// The only exchange there is.
    pub(crate) fn only(mut self) -> Exchange {
        assert_eq!(self.exchanges.len(), 1);
        self.exchanges.remove(0)
    }
}

/// Settings that pass everything on, to servers on this machine and with
/// certificates of the tests' own too.
pub(crate) fn upstream(mut upstream: UpstreamSettings) -> ProxySettings {
    upstream.allowed.extend(["localhost", "127.0.0.1"].map(str::to_owned));
    ProxySettings { onward: ForwardMode::Upstream(upstream.trusting(&origin::root())), ..ProxySettings::default() }
}

pub(crate) async fn run(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Bytes that no compression, text mode or line ending survives unnoticed.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}
