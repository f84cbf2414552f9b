//! Calls, answers and events as JSON messages.
//!
//! For two protocols: Chromium's DevTools Protocol (numbered calls, a session for
//! each target, errors with a message) and WebDriver BiDi (W3C, §3.4: the same
//! without sessions, and a `type` in each message). The client sends and receives
//! whole messages over channels; [`pipe`] connects them to a program's descriptors.

pub mod pipe;

pub mod websocket;

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// How long a call waits for its answer, unless it says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the browser refused {method}: {says}")]
    Refused { method: String, says: String },
    #[error("the browser did not answer {method} within {seconds} s")]
    NoAnswer { method: String, seconds: u64 },
    #[error("the connection to the browser ended during {method}")]
    Gone { method: String },
}

/// An event of the browser. `Debug` hides its content, which is captured traffic.
#[derive(Clone)]
pub struct RpcEvent {
    pub method: String,
    pub session: Option<String>,
    pub params: Value,
}

impl fmt::Debug for RpcEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({})", self.method)
    }
}

/// The two directions of a connection that carries whole messages.
pub struct RpcTransport {
    pub outgoing: mpsc::UnboundedSender<String>,
    pub incoming: mpsc::UnboundedReceiver<String>,
}

impl fmt::Debug for RpcTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

/// A client of a browser. Clones share the connection.
#[derive(Clone)]
pub struct RpcClient {
    outgoing: mpsc::UnboundedSender<String>,
    calls: Arc<CallTable>,
}

impl fmt::Debug for RpcClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rpc")
    }
}

/// Senders for the answers that calls wait for, by the number of the call.
type PendingCalls = HashMap<u64, oneshot::Sender<Result<Value, String>>>;

#[derive(Default)]
struct CallTable {
    last: AtomicU64,
    /// None once the connection has ended: no answer will come.
    waiting: Mutex<Option<PendingCalls>>,
}

impl RpcClient {
    /// A client on this connection. The channel delivers events and ends with the
    /// connection.
    pub fn over(wire: RpcTransport) -> (Self, mpsc::UnboundedReceiver<RpcEvent>) {
        let calls = Arc::new(CallTable { last: AtomicU64::new(0), waiting: Mutex::new(Some(HashMap::new())) });
        let (events, heard) = mpsc::unbounded_channel();
        tokio::spawn(listen(wire.incoming, Arc::clone(&calls), events));
        (Self { outgoing: wire.outgoing, calls }, heard)
    }

    /// Calls a method and waits for the answer.
    pub async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value, CallError> {
        self.call_within(PATIENCE, session, method, params).await
    }

    /// Like [`Self::call`], with another time limit.
    pub async fn call_within(
        &self,
        patience: Duration,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Result<Value, CallError> {
        let gone = || CallError::Gone { method: method.to_owned() };
        let id = self.calls.last.fetch_add(1, Ordering::Relaxed) + 1;
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let (answer, answered) = oneshot::channel();
        self.calls.with(|waiting| waiting.insert(id, answer)).ok_or_else(gone)?;
        self.outgoing.send(message.to_string()).map_err(|_| gone())?;
        match timeout(patience, answered).await {
            Ok(Ok(Ok(result))) => Ok(result),
            Ok(Ok(Err(says))) => Err(CallError::Refused { method: method.to_owned(), says }),
            Ok(Err(_)) => Err(gone()),
            Err(_) => {
                self.calls.with(|waiting| waiting.remove(&id));
                Err(CallError::NoAnswer { method: method.to_owned(), seconds: patience.as_secs() })
            }
        }
    }

    /// Whether the connection has ended: no answer will come.
    pub fn is_over(&self) -> bool {
        self.calls.with(|_| ()).is_none()
    }
}

impl CallTable {
    fn with<T>(&self, act: impl FnOnce(&mut PendingCalls) -> T) -> Option<T> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(act)
    }

    /// Ends all waiting calls with an error.
    fn end(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

async fn listen(
    mut incoming: mpsc::UnboundedReceiver<String>,
    calls: Arc<CallTable>,
    events: mpsc::UnboundedSender<RpcEvent>,
) {
    while let Some(text) = incoming.recv().await {
        // A message that is not JSON is ignored; if it was an answer, its call times out.
        let Ok(message) = serde_json::from_str::<Value>(&text) else { continue };
        match heard(message) {
            RpcMessage::Answer(id, answer) => {
                if let Some(waiting) = calls.with(|waiting| waiting.remove(&id)).flatten() {
                    let _ = waiting.send(answer);
                }
            }
            RpcMessage::Event(event) => {
                let _ = events.send(event);
            }
            RpcMessage::Nothing => {}
        }
    }
    calls.end();
}

enum RpcMessage {
    Answer(u64, Result<Value, String>),
    Event(RpcEvent),
    Nothing,
}

fn heard(mut message: Value) -> RpcMessage {
    if let Some(id) = message["id"].as_u64() {
        let answer = match &message["error"] {
            Value::Null => Ok(message["result"].take()),
            // BiDi: `error` is a code, `message` stands beside it. CDP: `error` is an object.
            Value::String(code) => Err(format!("{code}: {}", message["message"].as_str().unwrap_or_default())),
            error => Err(error["message"].as_str().unwrap_or("no reason given").to_owned()),
        };
        return RpcMessage::Answer(id, answer);
    }
    let Some(method) = message["method"].as_str().map(str::to_owned) else { return RpcMessage::Nothing };
    let session = message["sessionId"].as_str().map(str::to_owned);
    RpcMessage::Event(RpcEvent { method, session, params: message["params"].take() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client whose browser the test plays: the messages it gets and those it sends.
    fn stage()
    -> (RpcClient, mpsc::UnboundedReceiver<RpcEvent>, mpsc::UnboundedReceiver<String>, mpsc::UnboundedSender<String>)
    {
        let (outgoing, sent) = mpsc::unbounded_channel();
        let (say, incoming) = mpsc::unbounded_channel();
        let (rpc, events) = RpcClient::over(RpcTransport { outgoing, incoming });
        (rpc, events, sent, say)
    }

    #[tokio::test]
    async fn answers_find_their_calls_in_any_order() {
        let (rpc, _events, mut sent, say) = stage();
        let browser = async {
            sent.recv().await.unwrap();
            sent.recv().await.unwrap();
            say.send(json!({"id": 2, "result": {"n": "two"}}).to_string()).unwrap();
            say.send(json!({"type": "success", "id": 1, "result": {"n": "one"}}).to_string()).unwrap();
        };
        let first = rpc.call(None, "A.a", json!({}));
        let second = rpc.call(Some("s"), "B.b", json!({}));
        let (first, second, ()) = tokio::join!(first, second, browser);
        assert_eq!((&first.unwrap()["n"], &second.unwrap()["n"]), (&json!("one"), &json!("two")));
    }

    #[tokio::test]
    async fn both_dialects_can_refuse() {
        let (rpc, _events, mut sent, say) = stage();
        let browser = async {
            sent.recv().await.unwrap();
            sent.recv().await.unwrap();
            say.send(json!({"id": 1, "error": {"code": -32000, "message": "no target"}}).to_string()).unwrap();
            say.send(json!({"type": "error", "id": 2, "error": "no such frame", "message": "gone"}).to_string())
                .unwrap();
        };
        let (first, second, ()) =
            tokio::join!(rpc.call(None, "A.a", json!({})), rpc.call(None, "b.b", json!({})), browser);
        assert_eq!(first.unwrap_err().to_string(), "the browser refused A.a: no target");
        assert_eq!(second.unwrap_err().to_string(), "the browser refused b.b: no such frame: gone");
    }

    #[tokio::test]
    async fn an_event_keeps_its_session() {
        let (_rpc, mut events, _sent, say) = stage();
        say.send(json!({"method": "Page.loadEventFired", "params": {"timestamp": 1}, "sessionId": "s"}).to_string())
            .unwrap();
        let event = events.recv().await.unwrap();
        assert_eq!((event.method.as_str(), event.session.as_deref()), ("Page.loadEventFired", Some("s")));
        assert_eq!(format!("{event:?}"), "Event(Page.loadEventFired)");
    }

    #[tokio::test]
    async fn a_call_into_a_closed_connection_says_so_at_once() {
        let (rpc, mut events, _sent, say) = stage();
        drop(say);
        assert!(events.recv().await.is_none());
        let refused = rpc.call(None, "Page.navigate", json!({})).await.unwrap_err();
        assert_eq!(refused.to_string(), "the connection to the browser ended during Page.navigate");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_browser_is_given_up() {
        let (rpc, _events, _sent, _say) = stage();
        let refused = rpc.call(None, "Page.navigate", json!({})).await.unwrap_err();
        assert_eq!(refused.to_string(), "the browser did not answer Page.navigate within 30 s");
    }
}
