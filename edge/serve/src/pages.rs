//! Starts the pages, and creates links to them.

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

/// The settings of pages that are not served yet.
pub struct PageServer {
    face: PageFace,
    ways: Vec<DevicePort>,
    certificate: Option<TrustCertificate>,
    zone: TimeZone,
    beyond: bool,
    let_in: Option<PathBuf>,
}

/// A port for devices, and the mode of its traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePort {
    pub mode: Mode,
    pub address: SocketAddr,
}

/// Pages that are being served. They continue after this is dropped; `stop`
/// ends them.
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
    /// Pages for the guard: a dashboard and the switches.
    pub fn guard(keeper: Arc<GuardState>) -> Self {
        Self::of(PageFace::Guard(keeper))
    }

    /// Pages for a capture: a dashboard without switches. `evidence` is the
    /// file that the capture writes.
    pub fn capture(board: Arc<ActivityFeed>, knowledge: Arc<Knowledge>, evidence: Option<PathBuf>) -> Self {
        Self::of(PageFace::Capture { board, knowledge, evidence })
    }

    fn of(face: PageFace) -> Self {
        Self { face, ways: Vec::new(), certificate: None, zone: TimeZone::system(), beyond: false, let_in: None }
    }

    /// The ports that the pages tell devices to use.
    #[must_use]
    pub fn ways(mut self, ways: Vec<DevicePort>) -> Self {
        self.ways = ways;
        self
    }

    /// The certificate (PEM, never the key) that the pages tell devices to
    /// trust.
    pub fn authority(mut self, pem: &str) -> Result<Self, Error> {
        self.certificate = Some(TrustCertificate::read(pem)?);
        Ok(self)
    }

    /// The user's time zone, if it differs from this machine's.
    #[must_use]
    pub fn zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// Stores the admitted browsers for a month, and the key for our programs:
    /// in this directory, in one file for each port.
    #[must_use]
    pub fn remembering(mut self, folder: PathBuf) -> Self {
        self.let_in = Some(folder);
        self
    }

    /// Permits a socket that other machines can reach, because the user asked
    /// for it.
    #[must_use]
    pub fn beyond_this_machine(mut self) -> Self {
        self.beyond = true;
        self
    }

    /// Serves the pages on a listening socket.
    pub fn serve(self, listener: TcpListener) -> Result<ServingPages, Error> {
        let address = listener.local_addr().map_err(Error::Socket)?;
        if !address.ip().is_loopback() && !self.beyond {
            return Err(Error::BeyondThisMachine(address));
        }
        // The file name contains the port, so that two guards of one user do
        // not overwrite each other's file.
        let file = self.let_in.map(|folder| folder.join(format!("let-in-{}.toml", address.port())));
        let door = AccessControl::new(address, AdmissionFile::new(file))?;
        let desk = AppState { face: self.face, ways: self.ways, certificate: self.certificate, door, zone: self.zone };
        let desk = Arc::new(desk);
        let (stop, mut stopped) = watch::channel(false);
        let app = routes::all(Arc::clone(&desk), stopped.clone());
        let task = tokio::spawn(async move {
            let end = async move {
                // A dropped sender also means stop.
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            // The server only ends when it is told to stop.
            let _ = axum::serve(listener, app).with_graceful_shutdown(end).await;
        });
        Ok(ServingPages { desk, address, stop, task })
    }
}

impl ServingPages {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A link that admits one browser, once. Each call creates a new one.
    pub fn link(&self) -> Result<String, Error> {
        self.desk.door.link(entry::EntryPage::First)
    }

    /// The key for our own programs (the extension): `Authorization: Bearer …`.
    pub fn key(&self) -> &str {
        self.desk.door.key.text()
    }

    /// Stops serving; open connections are closed.
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
