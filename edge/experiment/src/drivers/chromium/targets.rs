//! Open pages, frames and workers (DevTools targets), and their requests.
//!
//! The driver attaches to every page, frame and worker before it runs, so that its
//! first request is listed. It does not attach to service workers: they would
//! never fall asleep, and an extension under test would behave as it does nowhere
//! else.

use model::Time;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use crate::{
    drivers::visited::PageRequest,
    rpc::{CallError, RpcClient, RpcEvent},
};

/// One attached page, frame or worker.
#[derive(Clone, Debug, Default)]
pub(super) struct CdpTarget {
    pub(super) session: String,
    pub(super) id: String,
    pub(super) kind: String,
    /// `Network` events are enabled, and the target runs.
    pub(super) ready: bool,
    /// Load events so far.
    pub(super) loads: u64,
}

/// The attached targets, in the order in which they were attached.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenTargets {
    pub(super) targets: Vec<CdpTarget>,
    /// The connection is lost, so `targets` no longer changes.
    pub(super) over: bool,
}

impl OpenTargets {
    pub(super) fn of_session(&self, session: &str) -> Option<&CdpTarget> {
        self.targets.iter().find(|target| target.session == session)
    }

    pub(super) fn pages(&self) -> impl DoubleEndedIterator<Item = &CdpTarget> {
        self.targets.iter().filter(|target| target.ready && target.kind == "page")
    }
}

/// The types of targets to attach to. Others run undisturbed.
fn filter() -> Value {
    json!([{"type": "page"}, {"type": "iframe"}, {"type": "worker"}, {"type": "shared_worker"}])
}

/// Attaches to present and future targets, and keeps the list of them up to date.
pub(super) async fn watch(
    rpc: &RpcClient,
    events: mpsc::UnboundedReceiver<RpcEvent>,
    listed: mpsc::UnboundedSender<PageRequest>,
) -> Result<watch::Receiver<OpenTargets>, CallError> {
    let (open, seen) = watch::channel(OpenTargets::default());
    tokio::spawn(follow(rpc.clone(), events, open, listed));
    attach(rpc, None).await?;
    Ok(seen)
}

async fn attach(rpc: &RpcClient, session: Option<&str>) -> Result<(), CallError> {
    let wishes = json!({"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true, "filter": filter()});
    rpc.call(session, "Target.setAutoAttach", wishes).await.map(drop)
}

async fn follow(
    rpc: RpcClient,
    mut events: mpsc::UnboundedReceiver<RpcEvent>,
    open: watch::Sender<OpenTargets>,
    listed: mpsc::UnboundedSender<PageRequest>,
) {
    while let Some(event) = events.recv().await {
        match event.method.as_str() {
            "Target.attachedToTarget" => {
                if let Some(target) = attached(&event.params) {
                    open.send_modify(|open| open.targets.push(target.clone()));
                    tokio::spawn(admit(rpc.clone(), target, open.clone()));
                }
            }
            "Target.detachedFromTarget" => {
                let session = event.params["sessionId"].as_str().unwrap_or_default();
                open.send_modify(|open| open.targets.retain(|target| target.session != session));
            }
            "Page.loadEventFired" => {
                let session = event.session.as_deref().unwrap_or_default();
                open.send_modify(|open| {
                    open.targets.iter_mut().filter(|t| t.session == session).for_each(|t| t.loads += 1);
                });
            }
            "Network.requestWillBeSent" => {
                if let Some(request) = page_request(&event.params) {
                    let _ = listed.send(request);
                }
            }
            "Network.webSocketCreated" => {
                if let Some(request) = handshake(&event.params) {
                    let _ = listed.send(request);
                }
            }
            _ => {}
        }
    }
    open.send_modify(|open| open.over = true);
}

fn attached(params: &Value) -> Option<CdpTarget> {
    let info = &params["targetInfo"];
    Some(CdpTarget {
        session: params["sessionId"].as_str()?.to_owned(),
        id: info["targetId"].as_str()?.to_owned(),
        kind: info["type"].as_str()?.to_owned(),
        ready: false,
        loads: 0,
    })
}

/// Enables the listing of requests and then lets the target run. A target that
/// ends before has sent no request.
async fn admit(rpc: RpcClient, target: CdpTarget, open: watch::Sender<OpenTargets>) {
    let session = Some(target.session.as_str());
    let _ = rpc.call(session, "Network.enable", json!({})).await;
    if target.kind == "page" {
        let _ = rpc.call(session, "Page.enable", json!({})).await;
    }
    let _ = attach(&rpc, session).await;
    let _ = rpc.call(session, "Runtime.runIfWaitingForDebugger", json!({})).await;
    open.send_modify(|open| {
        open.targets.iter_mut().filter(|t| t.session == target.session).for_each(|t| t.ready = true);
    });
}

/// CDP `Network.requestWillBeSent`, sent for each hop of a redirect. A request of
/// an extension's page is not a web page's and gives none.
fn page_request(params: &Value) -> Option<PageRequest> {
    let url = params["request"]["url"].as_str()?;
    let of_extension = params["documentURL"].as_str().unwrap_or_default().starts_with("chrome-extension:");
    if of_extension || !(url.starts_with("http:") || url.starts_with("https:")) {
        return None;
    }
    let at = params["wallTime"].as_f64().unwrap_or_default();
    Some(PageRequest {
        at: Time((at * 1e6) as i64),
        method: params["request"]["method"].as_str()?.to_owned(),
        // The fragment is never sent, so the evidence does not have it.
        url: url.split('#').next().unwrap_or(url).to_owned(),
    })
}

/// CDP `Network.webSocketCreated`, as the HTTP request that opens it (RFC 6455 §4.1).
fn handshake(params: &Value) -> Option<PageRequest> {
    let url = params["url"].as_str()?;
    let url = url.strip_prefix("ws").map(|rest| format!("http{rest}"))?;
    Some(PageRequest { at: crate::now(), method: "GET".to_owned(), url })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_listed_without_its_fragment() {
        let params = json!({"documentURL": "https://a.example/", "wallTime": 1.5,
            "request": {"method": "GET", "url": "https://a.example/x?y#z"}});
        let request = page_request(&params).unwrap();
        assert_eq!((request.url.as_str(), request.at), ("https://a.example/x?y", Time(1_500_000)));
    }

    #[test]
    fn what_an_extension_page_asks_for_is_no_page_request() {
        let params = json!({"documentURL": "chrome-extension://abc/options.html",
            "request": {"method": "GET", "url": "https://a.example/x"}});
        assert!(page_request(&params).is_none());
    }

    #[test]
    fn a_web_socket_is_listed_as_the_request_that_opens_it() {
        assert_eq!(handshake(&json!({"url": "wss://a.example/s"})).unwrap().url, "https://a.example/s");
    }
}
