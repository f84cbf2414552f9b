//! Chromium and its family, over the DevTools Protocol by pipe.

mod acts;
mod extensions;
pub mod first_run;
mod launch;
pub mod netlog;
mod switches;
mod targets;
mod window;

use std::{fmt, time::Duration};

use model::Mode;
use serde_json::{Value, json};
pub use switches::SwitchAt;
use targets::{CdpTarget, OpenTargets};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

pub use super::{
    launch::{LaunchSpec, LaunchTrust, ProxyRoute, SandboxPolicy, WindowMode},
    visited::{FormField, PageRequest, VisitedPage},
};
use crate::{
    Error,
    cell::{Cell, CellProcess},
    drivers::confined,
    rpc::{self, RpcClient},
};

/// How long a browser may take to open its first page.
const START: Duration = Duration::from_secs(60);

/// How long it may take to save its profile and end.
const CLOSE: Duration = Duration::from_secs(15);

/// A running Chromium. Dropped, it is killed.
pub struct ChromiumDriver {
    process: CellProcess,
    rpc: RpcClient,
    open: watch::Receiver<OpenTargets>,
    mode: Mode,
    version: String,
    extensions: Vec<String>,
    sandboxed: bool,
}

impl fmt::Debug for ChromiumDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChromiumDriver")
            .field("version", &self.version)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl ChromiumDriver {
    /// Starts Chromium and waits for its first page. The channel delivers the
    /// requests of pages as long as the browser runs.
    pub async fn start(
        cell: &Cell,
        launch: &LaunchSpec,
    ) -> Result<(Self, mpsc::UnboundedReceiver<PageRequest>), Error> {
        let program = launch::prepare(cell, launch).await?;
        let mut process = cell.start(program).await?;
        let (Some(input), Some(output)) = (process.input.take(), process.output.take()) else {
            return Err(Error::CellGone);
        };
        let (rpc, events) = RpcClient::over(rpc::pipe::wire(output, input));
        let (listed, requests) = mpsc::unbounded_channel();
        let begun = timeout(START, begin(&rpc, events, listed)).await;
        let (open, version) = match begun {
            Ok(Ok(begun)) => begun,
            Ok(Err(refused)) => return Err(died(process, launch).await.unwrap_or(refused)),
            Err(_) => return Err(died(process, launch).await.unwrap_or(Error::NoPage("Chromium"))),
        };
        let mut browser =
            Self { process, rpc, open, mode: launch.mode, version, extensions: Vec::new(), sandboxed: false };
        browser.sandboxed = confined::pages(&browser.process, "--type=renderer").await;
        if !browser.sandboxed && launch.sandbox == SandboxPolicy::Required {
            browser.kill().await;
            return Err(Error::NoSandbox("its page process is not confined".to_owned()));
        }
        for folder in &launch.extensions {
            browser.extensions.push(extensions::load(&browser.rpc, cell, folder).await?);
        }
        Ok((browser, requests))
    }

    /// The version that the browser reports: `156.0.8078.79`.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Ids of the extensions that were loaded, in the order of the launch.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// Whether its page processes are confined.
    pub fn sandboxed(&self) -> bool {
        self.sandboxed
    }

    /// Whether it still runs and answers.
    pub fn runs(&mut self) -> bool {
        !self.open.borrow().over && self.process.runs()
    }

    /// The browser's process.
    pub(crate) fn process(&self) -> &CellProcess {
        &self.process
    }

    /// Closes it as a person would, so that the browser saves its profile.
    pub async fn close(mut self) {
        let _ = self.rpc.call_within(CLOSE, None, "Browser.close", json!({})).await;
        self.process.ended(CLOSE).await;
        self.process.kill().await;
    }

    /// Ends it at once.
    pub async fn kill(self) {
        self.process.kill().await;
    }

    /// Kills it but keeps the handle, so that tests see how a crash is handled.
    pub async fn crash(&mut self) {
        self.process.strike().await;
    }

    /// The page in front: of the open pages, the one opened last.
    fn page(&self) -> Result<CdpTarget, Error> {
        self.open.borrow().pages().next_back().cloned().ok_or(Error::NoPage("Chromium"))
    }

    async fn on_page(&self, method: &str, params: Value) -> Result<Value, Error> {
        Ok(self.rpc.call(Some(&self.page()?.session), method, params).await?)
    }
}

async fn begin(
    rpc: &RpcClient,
    events: mpsc::UnboundedReceiver<rpc::RpcEvent>,
    listed: mpsc::UnboundedSender<PageRequest>,
) -> Result<(watch::Receiver<OpenTargets>, String), Error> {
    let mut open = targets::watch(rpc, events, listed).await?;
    let version = rpc.call(None, "Browser.getVersion", json!({})).await?;
    let product = version["product"].as_str().unwrap_or_default();
    let version = product.rsplit('/').next().unwrap_or_default().to_owned();
    let first = open.wait_for(|open| open.over || open.pages().next().is_some()).await;
    if !first.is_ok_and(|open| !open.over) {
        return Err(Error::NoPage("Chromium"));
    }
    Ok((open, version))
}

/// The error if the process ended by itself. Kills the process if it still runs.
async fn died(mut process: CellProcess, launch: &LaunchSpec) -> Option<Error> {
    let ended = process.ended(Duration::from_secs(1)).await.is_some();
    let says = process.said();
    process.kill().await;
    let says = if says.is_empty() { "nothing".to_owned() } else { says };
    ended.then(|| Error::EndedEarly { program: launch.program.display().to_string(), says })
}
