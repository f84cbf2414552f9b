//! A request and its answer, as they went over the wire.

use std::sync::Arc;

use crate::{AnsweredBy, Time, opaque::opaque};

/// One request with its answer, or one connection that could not be read.
///
/// Which of the two it is, `seal` says: a sealed exchange has a method of
/// `CONNECT` and an address of `https://host:port/`. Its body is what the client
/// said in clear and nobody could parse.
#[derive(Clone, PartialEq)]
pub struct Exchange {
    /// Zero-based position in the capture.
    pub index: u64,
    /// The trial of an experiment that it belongs to, if any.
    pub trial: Option<u32>,
    /// Connections are numbered as they come; exchanges of one share a number.
    pub connection: u64,
    pub started: Time,
    pub ended: Option<Time>,
    pub inlet: IngressKind,
    /// Shared by the exchanges of a connection.
    pub client: Arc<Client>,
    pub request: Request,
    /// None: the connection ended, or the capture did, before an answer came.
    pub response: Option<Response>,
    /// WebSocket messages, server-sent events, and the like, in order.
    pub messages: Vec<Message>,
    pub seal: Option<Seal>,
}

/// How the connection came to Candor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IngressKind {
    /// Through the proxy that the client was told to use.
    Proxy,
    /// Redirected, past whatever proxy the client was told to use.
    Transparent,
    /// The client spoke SOCKS5.
    Socks,
    /// From a capture that another program wrote.
    Imported,
}

/// What is known of the program that made the connection.
#[derive(Clone, Default, PartialEq)]
pub struct Client {
    /// Address and port of its end of the connection.
    pub address: Option<String>,
    pub process: Option<Process>,
    pub hello: Option<ClientHello>,
    /// HTTP/2 settings, window and pseudo-header order as the client sent
    /// them: `1:65536;2:0|15663105|0|m,a,s,p`.
    pub http2: Option<String>,
}

/// A program on this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub name: String,
    pub path: String,
}

/// The TLS ClientHello, kept raw, and what follows from it.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientHello {
    /// The handshake message without record headers (RFC 8446 §4.1.2).
    pub raw: Arc<[u8]>,
    /// JA4 of the TLS client (FoxIO, `JA4`).
    pub ja4: String,
    pub sni: Option<String>,
    pub alpn: Vec<String>,
}

/// What a client asked.
#[derive(Clone, PartialEq)]
pub struct Request {
    pub method: String,
    /// Absolute: `https://host/path?query`. The scheme's own port is left out.
    ///
    /// The host is where the connection went, as far as the capture knows it:
    /// `Host` and `:authority` may say something else, and stand in the headers.
    pub url: String,
    /// `HTTP/1.1`, `HTTP/2` …
    pub version: String,
    /// As they came. Where the authority that was asked for is not that of the
    /// address, it stands before them as [`AUTHORITY`].
    pub headers: Vec<Header>,
    pub body: Body,
}

/// The pseudo-header field of the authority that is asked for (RFC 9113 §8.3.1).
pub const AUTHORITY: &str = ":authority";

/// The name under which the extensions of a chunked body stand among the fields
/// (RFC 9112 §7.1.1). They are looked into, and are not passed on.
pub const CHUNK_EXTENSIONS: &str = ":chunk-extensions";

/// The name under which trailers of an answer stand that are no fields.
pub const TRAILERS: &str = ":trailers";

/// What it was told.
#[derive(Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    pub version: String,
    pub headers: Vec<Header>,
    pub body: Body,
    pub by: AnsweredBy,
}

/// One header field, in the order and case in which it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    pub name: String,
    pub value: Vec<u8>,
}

/// The bytes of a message after transfer coding is undone and before content
/// coding is, or as near to them as the capture comes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body {
    pub bytes: Arc<[u8]>,
    /// How long it was on the wire, if the bytes are not all of it.
    pub cut_from: Option<u64>,
}

/// One WebSocket message (RFC 6455 §5.6), or one server-sent event.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    pub direction: Direction,
    pub at: Time,
    pub text: bool,
    pub body: Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    FromClient,
    FromServer,
}

/// Why a connection could not be read, and what was seen of it all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Seal {
    pub reason: SealReason,
    /// Plain words: the alert a client sent, the protocol met.
    pub says: String,
    /// Bytes the client sent and got, as far as they were counted.
    pub sent: u64,
    pub received: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealReason {
    /// The client refused our certificate: it pins, or does not trust us.
    Refused,
    /// Neither TLS nor HTTP, passed or dropped unread.
    UnknownProtocol,
    /// QUIC, refused so that the client falls back.
    Quic,
    /// Tunnelled untouched, because it was asked or because of refusals before.
    Tunnelled,
}

opaque!(Exchange, Client, Process, ClientHello, Request, Response, Header, Body, Message, Seal);

impl ClientHello {
    /// What stays the same of a client's JA4 (`t13d1516h2_8daaf6152771_…`):
    /// version and ciphers. Its extensions vary with resumption.
    pub fn stack(&self) -> Option<(&str, &str)> {
        let mut parts = self.ja4.split('_');
        Some((parts.next()?.get(..4)?, parts.next()?))
    }
}

impl Seal {
    /// What is said of a client that went away in the handshake. It stands so in evidence, where
    /// [`Seal::is_hung_up`] recognises it: another sentence would need to be read beside this one.
    pub const HUNG_UP: &str = "hung up on our certificate without an alert";

    /// Whether the client went away in the handshake without an alert. It may have refused our
    /// certificate, or have given the connection up.
    pub fn is_hung_up(&self) -> bool {
        self.reason == SealReason::Refused && self.says == Self::HUNG_UP
    }
}

impl Exchange {
    /// The host that the request went to, in lower case, without a port: where
    /// its connection went, not what the request says.
    pub fn host(&self) -> &str {
        self.request.host()
    }

    /// A host under whose name it went to another one: what its authority, or
    /// the ClientHello of its connection, says. Of captures that others wrote it is not
    /// known which of the two was connected to.
    pub fn foreign_name(&self) -> Option<&str> {
        if self.inlet == IngressKind::Imported {
            return None;
        }
        let is_foreign = |name: &&str| !name.is_empty() && !same_host(name, self.host());
        self.request.claimed_host().filter(is_foreign).or_else(|| self.server_name().filter(is_foreign))
    }

    /// The name in the ClientHello of a connection that Candor answered itself.
    /// One server may answer for several names with one certificate (RFC 9113 §9.1.1).
    fn server_name(&self) -> Option<&str> {
        let by_a_server = self.response.as_ref().is_some_and(|response| response.by == AnsweredBy::Upstream);
        let is_its_own = self.request.url.starts_with("https:") && !by_a_server;
        self.client.hello.as_ref().filter(|_| is_its_own)?.sni.as_deref().map(host_of)
    }
}

/// Names are compared without regard to case, and to the dot of the root.
fn same_host(one: &str, other: &str) -> bool {
    one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
}

impl Request {
    /// The method of a question of DNS; its address is `dns://NAME/?type=A`, its body the message.
    pub const DNS: &str = "DNS";

    /// The host of the address, without port, user or brackets.
    pub fn host(&self) -> &str {
        host_of(&self.url)
    }

    /// The host that the request itself asks for, without a port.
    pub fn claimed_host(&self) -> Option<&str> {
        let claimed = self.header(AUTHORITY).or_else(|| self.header("host"))?;
        std::str::from_utf8(claimed).ok().map(host_of)
    }

    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        header(&self.headers, name)
    }
}

impl Response {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        header(&self.headers, name)
    }
}

impl Body {
    /// A body of which nothing is missing.
    pub fn whole(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { bytes: bytes.into(), cut_from: None }
    }
}

impl Header {
    pub fn new(name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

fn header<'h>(headers: &'h [Header], name: &str) -> Option<&'h [u8]> {
    headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_slice())
}

/// The host of an absolute address, without port, user or brackets.
pub fn host_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(bracketed) = host_port.strip_prefix('[') {
        return bracketed.split(']').next().unwrap_or_default();
    }
    host_port.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_out_of_any_address() {
        for (url, host) in [
            ("https://sa.example/sa?project=p", "sa.example"),
            ("http://user:pw@a.example:8080/", "a.example"),
            ("https://[2001:db8::1]:443/x", "2001:db8::1"),
            ("b.example", "b.example"),
            ("https://c.example?q=1", "c.example"),
            ("", ""),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }

    fn exchange(url: &str, headers: &[(&str, &str)], sni: Option<&str>) -> Exchange {
        let hello = ClientHello { raw: [].into(), ja4: String::new(), sni: sni.map(Into::into), alpn: vec![] };
        Exchange {
            index: 0,
            trial: None,
            connection: 0,
            started: Time(0),
            ended: None,
            inlet: IngressKind::Transparent,
            client: Arc::new(Client { hello: Some(hello), ..Client::default() }),
            request: Request {
                method: "GET".into(),
                url: url.into(),
                version: "HTTP/1.1".into(),
                headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
                body: Body::default(),
            },
            response: None,
            messages: vec![],
            seal: None,
        }
    }

    #[test]
    fn a_host_that_a_request_claims_is_not_where_it_went() {
        let fronting = exchange("https://told.example/x", &[("Host", "visited.example")], Some("told.example"));
        assert_eq!((fronting.host(), fronting.foreign_name()), ("told.example", Some("visited.example")));
        let over_http2 = exchange("https://told.example/", &[(AUTHORITY, "visited.example:8443")], None);
        assert_eq!(over_http2.foreign_name(), Some("visited.example"));
        let by_hello = exchange("https://told.example/", &[("host", "told.example")], Some("visited.example"));
        assert_eq!(by_hello.foreign_name(), Some("visited.example"));
    }

    #[test]
    fn the_same_name_in_other_letters_is_not_foreign() {
        for (url, headers) in [
            ("https://a.example:8443/", &[("Host", "A.example.:8443")][..]),
            ("https://a.example/", &[]),
            ("https://a.example/", &[("Host", "")]),
        ] {
            assert_eq!(exchange(url, headers, Some("a.Example")).foreign_name(), None, "{url}");
        }
        // The hello is that of a proxy, to which the request was said in clear.
        assert_eq!(exchange("http://a.example/", &[], Some("proxy.example")).foreign_name(), None);
    }

    #[test]
    fn a_captured_value_is_not_in_debug() {
        let header = Header::new("Cookie", "secret");
        assert_eq!(format!("{header:?}"), "Header(..)");
    }
}
