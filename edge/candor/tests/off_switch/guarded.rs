//! A guard whose ports are in a cell, and browsers on it.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
};

use experiment::{
    cell::{Cell, CellSockets},
    drivers::chromium::{ChromiumDriver, LaunchSpec, LaunchTrust},
    extension,
};
use gate::{GuardFolder, GuardGate, GuardState};
use knowledge::Knowledge;
use model::{Mode, Record};
use proxy::{
    AnswerProvider, CertificateAuthority, ExchangeSink, ForwardMode, Gate, Proxy, ProxySettings, StaticResponse,
    UpstreamSettings,
};
use serde_json::json;
use serve::{DevicePort, PageServer, ServingPages};

use crate::{server::Server, stage};

/// The guard, and where it is.
pub struct Guarded {
    pub cell: Cell,
    pub keeper: Arc<GuardState>,
    pub knowledge: Arc<Knowledge>,
    pub page: ServingPages,
    /// The folder of the browser's profile.
    pub profile: String,
    authority: Arc<CertificateAuthority>,
    upstream: UpstreamSettings,
    doors: Vec<(Mode, TcpListener)>,
    proxies: Vec<Proxy>,
    extension: PathBuf,
    _folder: tempfile::TempDir,
}

impl Guarded {
    /// With everything as it is at first: off.
    pub async fn start(server: &Server) -> Option<Self> {
        let (cell, sockets) = stage::cell().await?;
        let (folder, knowledge) = (tempfile::tempdir().unwrap(), Arc::new(Knowledge::built_in()));
        let keeper = GuardState::open(Arc::clone(&knowledge), &GuardFolder(folder.path().join("guard"))).unwrap();
        let authority = Arc::new(CertificateAuthority::in_memory("A test").unwrap());
        let [normal, private, page] = [listener(&cell).await, listener(&cell).await, listener(&cell).await];
        let ways = [(Mode::Normal, &normal), (Mode::Private, &private)];
        let ways: Vec<DevicePort> =
            ways.map(|(mode, door)| DevicePort { mode, address: door.local_addr().unwrap() }).into();
        let page = tokio::net::TcpListener::from_std(page).unwrap();
        let pages = PageServer::guard(Arc::clone(&keeper)).ways(ways.clone()).authority(authority.cert_pem()).unwrap();
        let page = pages.serve(page).unwrap();
        let mut upstream = UpstreamSettings::default().trusting(server.authority.cert_pem());
        upstream.fixed.insert("*".into(), server.address);
        upstream.never.push(page.address());
        let extension = lay_out(&cell, &page, &ways).await;
        let mut doors = vec![(Mode::Normal, normal), (Mode::Private, private)];
        let CellSockets { proxy: past, .. } = sockets;
        doors.extend(past.into_iter().map(|door| (Mode::Unknown, door)));
        let _folder = folder;
        let (proxies, profile) = (Vec::new(), "profile".to_owned());
        let mut guarded =
            Self { cell, keeper, knowledge, page, profile, authority, upstream, doors, proxies, extension, _folder };
        guarded.open(true);
        Some(guarded)
    }

    /// Serves the ports, with the guard between or without it.
    fn open(&mut self, guards: bool) {
        for (mode, door) in &self.doors {
            let port = GuardGate::new(Arc::clone(&self.keeper), *mode);
            let gate = guards.then(|| Arc::clone(&port) as Arc<dyn Gate>);
            let settings = ProxySettings {
                gate,
                onward: ForwardMode::Upstream(self.upstream.clone()),
                ..ProxySettings::default()
            };
            let (answers, sink): (Arc<dyn AnswerProvider>, Arc<dyn ExchangeSink>) =
                if guards { (port.clone(), port) } else { (Arc::new(nobody), quiet()) };
            let door = door.try_clone().unwrap();
            self.proxies.push(Proxy::serve(door, Arc::clone(&self.authority), answers, sink, settings).unwrap());
        }
    }

    /// Takes the guard away: the same ports now let everything through.
    pub async fn take_away(&mut self) {
        for proxy in self.proxies.drain(..) {
            proxy.stop().await;
        }
        self.open(false);
    }

    /// Lays out the reporting browser's extension.
    pub async fn reporting(&self, edition: &str) -> PathBuf {
        let subject = self.knowledge.subjects.iter().find(|subject| subject.name == "reporting-browser").unwrap();
        let mut config = serde_json::to_value(&subject.edition(Some(edition)).unwrap().config).unwrap();
        config["flush_ms"] = json!(1_000);
        extension::lay_out(&self.cell, &self.knowledge.files, "reporting-browser", &config).await.unwrap()
    }

    /// A browser as `candor open` starts it, with further extensions before ours.
    pub async fn browser(&self, mode: Mode, extensions: &[PathBuf]) -> ChromiumDriver {
        let extensions = extensions.iter().chain([&self.extension]).cloned().collect();
        let through = format!("--proxy-server=http://{}", self.doors[1].1.local_addr().unwrap());
        let profile = self.profile.clone();
        let launch = LaunchSpec { profile, mode, extensions, args: vec![through], ..self.launch() };
        ChromiumDriver::start(&self.cell, &launch).await.unwrap().0
    }

    /// Another browser, which has nothing to do with the guard.
    pub async fn other_browser(&self) -> ChromiumDriver {
        let launch =
            LaunchSpec { profile: "other".into(), args: vec!["--proxy-server=direct://".into()], ..self.launch() };
        ChromiumDriver::start(&self.cell, &launch).await.unwrap().0
    }

    fn launch(&self) -> LaunchSpec {
        LaunchSpec::new("chromium", LaunchTrust::Authority(self.authority.cert_pem().to_owned()))
    }
}

async fn listener(cell: &Cell) -> TcpListener {
    let bound = cell.inside(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).await.unwrap().unwrap();
    bound.set_nonblocking(true).unwrap();
    bound
}

/// Our own extension, in the cell.
async fn lay_out(cell: &Cell, page: &ServingPages, ways: &[DevicePort]) -> PathBuf {
    let files = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("extension");
    for file in std::fs::read_dir(files).unwrap() {
        let file = file.unwrap().path();
        let name = format!("candor-extension/{}", file.file_name().unwrap().to_str().unwrap());
        cell.write(name, std::fs::read(&file).unwrap()).await.unwrap();
    }
    let of = |way: SocketAddr| way.to_string();
    let config = json!({
        "page": format!("http://{}", page.address()),
        "key": page.key(),
        "normal": of(ways[0].address),
        "private": of(ways[1].address),
        "program": null,
    });
    cell.write("candor-extension/config.js", format!("export const guard = {config};\n")).await.unwrap();
    cell.home().join("candor-extension")
}

fn nobody(_: &model::Request) -> StaticResponse {
    StaticResponse::sinkhole(502, "text/plain", "")
}

fn quiet() -> Arc<dyn ExchangeSink> {
    let (sink, mut records) = tokio::sync::mpsc::channel::<Record>(16);
    tokio::spawn(async move { while records.recv().await.is_some() {} });
    Arc::new(sink)
}
