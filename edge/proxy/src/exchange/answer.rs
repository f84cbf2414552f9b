//! What answers when no server does.

use bytes::Bytes;
use model::{AnsweredBy, Header, Request};

/// Says what a client gets, where no server is asked.
///
/// For a WebSocket request a status below 300 means that the upgrade is
/// accepted; the body is not used then.
pub trait AnswerProvider: Send + Sync + 'static {
    /// The whole answer to a whole request, at once: it must not wait.
    fn answer(&self, request: &Request) -> StaticResponse;

    /// Whether a host is our own: its requests never go to a server.
    fn owns(&self, host: &str) -> bool {
        let _ = host;
        false
    }

    /// What is said to a message on a WebSocket that `request` opened, as text.
    fn message(&self, request: &Request, message: &[u8]) -> Option<Bytes> {
        let _ = (request, message);
        None
    }
}

/// An answer. The proxy adds `Content-Length` and `Date` where they are missing.
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
    /// An answer of the sinkhole with this content.
    pub fn sinkhole(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![Header::new("Content-Type", content_type)];
        Self { status, headers, body: body.into(), by: AnsweredBy::Sinkhole }
    }

    /// The same with one more header.
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
