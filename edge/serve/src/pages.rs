//! Starting the pages, and letting people in.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use gate::{ActivityFeed, GuardState};
use jiff::tz::TimeZone;
use knowledge::Knowledge;
use model::Mode;
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    Error,
    access::AccessControl,
    admission::AdmissionFile,
    entry, routes,
    state::{AppState, PageFace, TrustCertificate},
};

/// Pages that are about to be served.
pub struct PageServer {
    face: PageFace,
    ways: Vec<DevicePort>,
    certificate: Option<TrustCertificate>,
    zone: TimeZone,
    beyond: bool,
    let_in: Option<PathBuf>,
}

/// A port through which devices go, and the mode it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePort {
    pub mode: Mode,
    pub address: SocketAddr,
}

/// Pages that are served. Dropped, they go on; stopped, they are gone.
pub struct ServingPages {
    desk: Arc<AppState>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for PageServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pages(..)")
    }
}

impl std::fmt::Debug for ServingPages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Serving({})", self.address)
    }
}

impl PageServer {
    /// The guard: a dashboard, and the table of switches.
    pub fn guard(keeper: Arc<GuardState>) -> Self {
        Self::of(PageFace::Guard(keeper))
    }

    /// A capture: a dashboard, and nothing to switch. `evidence` is the file
    /// that it writes.
    pub fn capture(board: Arc<ActivityFeed>, knowledge: Arc<Knowledge>, evidence: Option<PathBuf>) -> Self {
        Self::of(PageFace::Capture { board, knowledge, evidence })
    }

    fn of(face: PageFace) -> Self {
        Self { face, ways: Vec::new(), certificate: None, zone: TimeZone::system(), beyond: false, let_in: None }
    }

    /// The ports that devices are told to use.
    #[must_use]
    pub fn ways(mut self, ways: Vec<DevicePort>) -> Self {
        self.ways = ways;
        self
    }

    /// The certificate (PEM, never the key) that devices are told to trust.
    pub fn authority(mut self, pem: &str) -> Result<Self, Error> {
        self.certificate = Some(TrustCertificate::read(pem)?);
        Ok(self)
    }

    /// Where the person's clock stands, if not where this machine's does.
    #[must_use]
    pub fn zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// Who came in stays in for a month, and our programs keep their key: kept in
    /// this folder, in a file for the port of the page.
    #[must_use]
    pub fn remembering(mut self, folder: PathBuf) -> Self {
        self.let_in = Some(folder);
        self
    }

    /// The person asked for pages that other machines can reach.
    #[must_use]
    pub fn beyond_this_machine(mut self) -> Self {
        self.beyond = true;
        self
    }

    /// Serves them on a socket that listens.
    pub fn serve(self, listener: TcpListener) -> Result<ServingPages, Error> {
        let address = listener.local_addr().map_err(Error::Socket)?;
        if !address.ip().is_loopback() && !self.beyond {
            return Err(Error::BeyondThisMachine(address));
        }
        // Two guards of one person do not destroy each other's.
        let file = self.let_in.map(|folder| folder.join(format!("let-in-{}.toml", address.port())));
        let door = AccessControl::new(address, AdmissionFile::new(file))?;
        let desk = AppState { face: self.face, ways: self.ways, certificate: self.certificate, door, zone: self.zone };
        let desk = Arc::new(desk);
        let (stop, mut stopped) = watch::channel(false);
        let app = routes::all(Arc::clone(&desk), stopped.clone());
        let task = tokio::spawn(async move {
            let end = async move {
                // Gone is stopped too.
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            // It only ends when it is told to.
            let _ = axum::serve(listener, app).with_graceful_shutdown(end).await;
        });
        Ok(ServingPages { desk, address, stop, task })
    }
}

impl ServingPages {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// An address that lets one browser in, once. Each call makes a new one.
    pub fn link(&self) -> Result<String, Error> {
        self.desk.door.link(entry::EntryPage::First)
    }

    /// What programs of ours (the extension) must know: `Authorization: Bearer …`.
    pub fn key(&self) -> &str {
        self.desk.door.key.text()
    }

    /// Ends it. Whoever still looks loses the connection.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

impl TrustCertificate {
    pub(crate) fn read(pem: &str) -> Result<Self, Error> {
        let body = pem.split_once("-----BEGIN CERTIFICATE-----").and_then(|(_, rest)| rest.split_once("-----END"));
        let letters: String = body.ok_or(Error::Certificate)?.0.split_whitespace().collect();
        let der = STANDARD.decode(letters).map_err(|_| Error::Certificate)?;
        let digest: Vec<String> = Sha256::digest(&der).iter().map(|byte| format!("{byte:02X}")).collect();
        Ok(Self { der, fingerprint: digest.join(":") })
    }
}
