//! Answers requests that no server answers.

use bytes::Bytes;
use model::{AnsweredBy, Header, Request};

/// Provides the response to a request that goes to no server.
///
/// For a WebSocket request a status below 300 accepts the upgrade; the body is
/// not used then.
pub trait AnswerProvider: Send + Sync + 'static {
    /// The complete response to a complete request. This call must not block.
    fn answer(&self, request: &Request) -> StaticResponse;

    /// Whether Candor answers for this host: its requests never go to a server.
    fn owns(&self, host: &str) -> bool {
        let _ = host;
        false
    }

    /// The text message that answers a message on a WebSocket. `request` is the
    /// request that opened the WebSocket.
    fn message(&self, request: &Request, message: &[u8]) -> Option<Bytes> {
        let _ = (request, message);
        None
    }
}

/// A response of our own. The proxy adds `Content-Length` and `Date` if they
/// are missing.
#[derive(Clone)]
pub struct StaticResponse {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Bytes,
    pub by: AnsweredBy,
}

impl std::fmt::Debug for StaticResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply(..)")
    }
}

impl StaticResponse {
    /// A response of the sinkhole with this content.
    pub fn sinkhole(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![Header::new("Content-Type", content_type)];
        Self { status, headers, body: body.into(), by: AnsweredBy::Sinkhole }
    }

    /// The same response with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push(Header::new(name, value));
        self
    }
}

impl<F: Fn(&Request) -> StaticResponse + Send + Sync + 'static> AnswerProvider for F {
    fn answer(&self, request: &Request) -> StaticResponse {
        self(request)
    }
}
