//! A guard with one port, and behind it a server that is every server.

use std::{
    fmt::Write,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use gate::{GuardFolder, GuardGate, GuardState};
use guard::Choices;
use knowledge::Knowledge;
use model::{Mode, Record, Request};
use proxy::{CertificateAuthority, ForwardMode, Proxy, ProxySettings, StaticResponse, UpstreamSettings};
use tempfile::TempDir;

pub(crate) fn authority() -> Arc<CertificateAuthority> {
    static ONE: OnceLock<Arc<CertificateAuthority>> = OnceLock::new();
    Arc::clone(ONE.get_or_init(|| Arc::new(CertificateAuthority::in_memory("Candor test").unwrap())))
}

pub(crate) fn knowledge() -> Arc<Knowledge> {
    static ONE: OnceLock<Arc<Knowledge>> = OnceLock::new();
    Arc::clone(ONE.get_or_init(|| Arc::new(Knowledge::built_in())))
}

/// A server that has every name, says so in each answer, and keeps what it got.
pub(crate) struct Everywhere {
    pub(crate) address: SocketAddr,
    got: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicU64>,
    _proxy: Proxy,
}

impl Everywhere {
    pub(crate) fn start() -> Self {
        let got = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&got);
        let answer = move |request: &Request| {
            log.lock().unwrap().push(request.clone());
            StaticResponse::sinkhole(200, "text/plain", "from the server")
        };
        let (sink, mut records) = tokio::sync::mpsc::channel::<Record>(1);
        tokio::spawn(async move { while records.recv().await.is_some() {} });
        let connections = Arc::default();
        let settings =
            ProxySettings { body_limit: 64 << 20, connections: Arc::clone(&connections), ..ProxySettings::default() };
        let proxy = Proxy::serve(listener(), authority(), Arc::new(answer), Arc::new(sink), settings).unwrap();
        Self { address: proxy.address(), got, connections, _proxy: proxy }
    }

    /// How often it was connected to.
    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Relaxed)
    }

    /// What it got since it was asked last.
    pub(crate) fn got(&self) -> Vec<Request> {
        std::mem::take(&mut self.got.lock().unwrap())
    }
}

/// A guard that knows these choices and values from before.
pub(crate) struct Stand {
    pub(crate) address: SocketAddr,
    keeper: Arc<GuardState>,
    _proxy: Proxy,
    _folder: TempDir,
}

impl Stand {
    pub(crate) fn start(server: &Everywhere, mode: Mode, choices: &Choices, values: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("choices.toml"), choices.print()).unwrap();
        let mut entered = String::new();
        for (kind, value) in values {
            let quoted = serde_json::to_string(value).unwrap();
            writeln!(entered, "[[value]]\nkind = {kind:?}\nvalue = {quoted}\n").unwrap();
        }
        std::fs::write(folder.path().join("entered.toml"), entered).unwrap();
        let keeper = GuardState::open(knowledge(), &GuardFolder(folder.path().to_owned())).unwrap();
        assert_eq!(keeper.trouble(), None);
        let port = GuardGate::new(Arc::clone(&keeper), mode);
        let mut upstream = UpstreamSettings::default().trusting(authority().cert_pem());
        upstream.fixed.insert("*".into(), server.address);
        let gate = Some(Arc::clone(&port) as Arc<dyn proxy::Gate>);
        let settings = ProxySettings { gate, onward: ForwardMode::Upstream(upstream), ..ProxySettings::default() };
        let proxy = Proxy::serve(listener(), authority(), Arc::clone(&port) as _, port, settings).unwrap();
        Self { address: proxy.address(), keeper, _proxy: proxy, _folder: folder }
    }

    /// Why the last request that is shown became what it did, and where it went.
    pub(crate) fn shown(&self) -> Option<(&'static str, String)> {
        self.keeper.board().events().into_iter().next().map(|event| (event.reason.word(), event.host.clone()))
    }

    /// Whether the last request was stopped for what its format shows, and for
    /// nothing that was entered.
    pub(crate) fn knew_its_format(&self) -> bool {
        let last = self.keeper.board().events().into_iter().next();
        last.is_some_and(|last| !last.found.is_empty() && last.found.iter().all(|found| found.value.is_some()))
    }
}

fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}
