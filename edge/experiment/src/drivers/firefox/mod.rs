//! Firefox, over WebDriver BiDi: Firefox itself serves the protocol on a port of
//! the cell's loopback.

mod acts;
mod launch;
mod window;

use std::{fmt, net::SocketAddr, time::Duration};

use model::{Mode, Time};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::sleep};

use super::{
    launch::{LaunchSpec, SandboxPolicy},
    visited::PageRequest,
};
use crate::{
    Error,
    cell::{Cell, CellProcess},
    drivers::confined,
    rpc::{self, RpcClient, RpcEvent},
};

/// Tenths of a second within which Firefox must open its port.
const START: u32 = 600;

const CLOSE: Duration = Duration::from_secs(15);

/// A running Firefox. Dropped, it is killed.
pub struct FirefoxDriver {
    process: CellProcess,
    rpc: RpcClient,
    /// The tab that the driver uses. The start tab refuses some addresses.
    context: String,
    mode: Mode,
    version: String,
    sandboxed: bool,
}

impl fmt::Debug for FirefoxDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirefoxDriver")
            .field("version", &self.version)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl FirefoxDriver {
    /// Starts Firefox and opens a tab. The channel delivers the requests of pages as
    /// long as the browser runs.
    pub async fn start(
        cell: &Cell,
        launch: &LaunchSpec,
    ) -> Result<(Self, mpsc::UnboundedReceiver<PageRequest>), Error> {
        let program = launch::prepare(cell, launch).await?;
        let mut process = cell.start(program).await?;
        let begun = match connect(cell, launch, &mut process).await {
            Some(rpc) => begin(rpc).await,
            None => Err(Error::NoPage("Firefox")),
        };
        let (rpc, context, version, requests) = match begun {
            Ok(begun) => begun,
            Err(refused) => {
                let ended = process.ended(Duration::from_secs(1)).await.is_some();
                let says = process.said();
                process.kill().await;
                let says = if says.is_empty() { "nothing".to_owned() } else { says };
                let early = Error::EndedEarly { program: launch.program.display().to_string(), says };
                return Err(if ended { early } else { refused });
            }
        };
        let sandboxed = confined::pages(&process, "tab").await;
        let browser = Self { process, rpc, context, mode: launch.mode, version, sandboxed };
        if !sandboxed && launch.sandbox == SandboxPolicy::Required {
            browser.kill().await;
            return Err(Error::NoSandbox("its page process is not confined".to_owned()));
        }
        Ok((browser, requests))
    }

    /// The version that the browser reports: `153.7.0`.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether its page processes are confined.
    pub fn sandboxed(&self) -> bool {
        self.sandboxed
    }

    /// Whether it still runs and answers.
    pub fn runs(&mut self) -> bool {
        !self.rpc.is_over() && self.process.runs()
    }

    /// The browser's process.
    pub(crate) fn process(&self) -> &CellProcess {
        &self.process
    }

    /// Closes it as a person would, so that the browser saves its profile.
    pub async fn close(mut self) {
        let _ = self.rpc.call_within(CLOSE, None, "browser.close", json!({})).await;
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
}

/// Connects to the port that Firefox writes into its profile. A file from an
/// earlier start names a port on which nobody listens, so the loop goes on until
/// Firefox replaces it.
async fn connect(cell: &Cell, launch: &LaunchSpec, process: &mut CellProcess) -> Option<BidiConnection> {
    let file = format!("{}/WebDriverBiDiServer.json", launch.profile);
    for _ in 0..START {
        if !process.runs() {
            return None;
        }
        if let Some(address) = cell.read(&file).await.ok().as_deref().and_then(address)
            && let Ok(Ok(stream)) = cell.inside(move || std::net::TcpStream::connect(address)).await
            && stream.set_nonblocking(true).is_ok()
            && let Ok(stream) = tokio::net::TcpStream::from_std(stream)
            && let Ok(wire) = rpc::websocket::wire(stream, &address.to_string(), "/session").await
        {
            return Some(RpcClient::over(wire));
        }
        sleep(Duration::from_millis(100)).await;
    }
    None
}

/// A connection and its events.
type BidiConnection = (RpcClient, mpsc::UnboundedReceiver<RpcEvent>);

fn address(server: &[u8]) -> Option<SocketAddr> {
    let server: Value = serde_json::from_slice(server).ok()?;
    format!("{}:{}", server["ws_host"].as_str()?, server["ws_port"]).parse().ok()
}

async fn begin(
    (rpc, events): BidiConnection,
) -> Result<(RpcClient, String, String, mpsc::UnboundedReceiver<PageRequest>), Error> {
    let (listed, requests) = mpsc::unbounded_channel();
    tokio::spawn(follow(events, listed));
    let session = rpc.call(None, "session.new", json!({"capabilities": {}})).await?;
    let version = session["capabilities"]["browserVersion"].as_str().unwrap_or_default().to_owned();
    rpc.call(None, "session.subscribe", json!({"events": ["network.beforeRequestSent"]})).await?;
    let tab = rpc.call(None, "browsingContext.create", json!({"type": "tab"})).await?;
    let context = tab["context"].as_str().ok_or(Error::NoPage("Firefox"))?.to_owned();
    Ok((rpc, context, version, requests))
}

async fn follow(mut events: mpsc::UnboundedReceiver<RpcEvent>, listed: mpsc::UnboundedSender<PageRequest>) {
    while let Some(event) = events.recv().await {
        if let Some(request) = page_request(&event.params).filter(|_| event.method == "network.beforeRequestSent") {
            let _ = listed.send(request);
        }
    }
}

/// BiDi `network.beforeRequestSent`. A request without a tab is Firefox's own and
/// gives none.
fn page_request(params: &Value) -> Option<PageRequest> {
    let url = params["request"]["url"].as_str()?;
    if params["context"].is_null() || !url.starts_with("http") {
        return None;
    }
    Some(PageRequest {
        at: Time::from_millis(params["timestamp"].as_i64().unwrap_or_default()),
        method: params["request"]["method"].as_str()?.to_owned(),
        url: url.split('#').next().unwrap_or(url).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_no_tab_is_not_listed() {
        let mut params = json!({"context": "c", "timestamp": 1500,
            "request": {"method": "GET", "url": "https://a.example/x#y"}});
        assert_eq!(page_request(&params).unwrap().url, "https://a.example/x");
        params["context"] = Value::Null;
        assert!(page_request(&params).is_none());
    }

    #[test]
    fn the_port_is_read_from_the_profile() {
        let server = br#"{"ws_host":"127.0.0.1","ws_port":41029}"#;
        assert_eq!(address(server), Some(([127, 0, 0, 1], 41029).into()));
        assert_eq!(address(b"{}"), None);
    }
}
