//! A request and its answer, as they went over the wire.

use std::sync::Arc;

use crate::{AnsweredBy, Time, opaque::opaque};

/// One request with its answer, or one connection that could not be read.
///
/// The field `seal` tells the two apart. A sealed exchange has the method `CONNECT` and the address
/// `https://host:port/`. Its body is what the client sent unencrypted, in a protocol that Candor
/// could not parse.
#[derive(Clone, PartialEq)]
pub struct Exchange {
    /// Zero-based position in the capture.
    pub index: u64,
    /// The trial that the exchange belongs to; none outside of experiments.
    pub trial: Option<u32>,
    /// Number of the connection, in the order in which connections arrive. Exchanges on one
    /// connection share it.
    pub connection: u64,
    pub started: Time,
    pub ended: Option<Time>,
    pub inlet: IngressKind,
    /// Shared by the exchanges of a connection.
    pub client: Arc<Client>,
    pub request: Request,
    /// None if the connection or the capture ended before an answer came.
    pub response: Option<Response>,
    /// WebSocket messages, server-sent events, and the like, in order.
    pub messages: Vec<Message>,
    pub seal: Option<Seal>,
}

/// How the connection came to Candor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IngressKind {
    /// Through the proxy that the client was configured to use.
    Proxy,
    /// Redirected by the network: the client did not use its configured proxy.
    Transparent,
    /// The client spoke SOCKS5.
    Socks,
    /// From a capture that another program wrote.
    Imported,
}

/// The program that made the connection, as far as it is known.
#[derive(Clone, Default, PartialEq)]
pub struct Client {
    /// Address and port of the client's end of the connection.
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

/// The TLS ClientHello: its raw bytes, and what was parsed from them.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientHello {
    /// The handshake message without record headers (RFC 8446 §4.1.2).
    pub raw: Arc<[u8]>,
    /// JA4 of the TLS client (FoxIO, `JA4`).
    pub ja4: String,
    pub sni: Option<String>,
    pub alpn: Vec<String>,
}

/// The request of a client.
#[derive(Clone, PartialEq)]
pub struct Request {
    pub method: String,
    /// Absolute: `https://host/path?query`. The scheme's own port is left out.
    ///
    /// The host is where the connection went, as far as the capture knows it. `Host` and
    /// `:authority` may name another host; they are in `headers`.
    pub url: String,
    /// `HTTP/1.1`, `HTTP/2` …
    pub version: String,
    /// Header fields in the order in which they came. If the authority of the request is not that
    /// of `url`, the first field is [`AUTHORITY`].
    pub headers: Vec<Header>,
    pub body: Body,
}

/// The pseudo-header field for the authority of a request (RFC 9113 §8.3.1).
pub const AUTHORITY: &str = ":authority";

/// The name under which the extensions of a chunked body are listed among the header fields (RFC
/// 9112 §7.1.1). Candor searches them, and does not forward them.
pub const CHUNK_EXTENSIONS: &str = ":chunk-extensions";

/// The name under which trailers of an answer are listed that are not valid fields.
pub const TRAILERS: &str = ":trailers";

/// The answer that a client got.
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

/// The bytes of a message with its transfer coding removed and its content coding intact, as far as
/// the capture has them in this form.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body {
    pub bytes: Arc<[u8]>,
    /// Length of the body on the wire, if `bytes` is only a part of it.
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

/// Why a connection could not be read, and what is still known of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Seal {
    pub reason: SealReason,
    /// The details in plain words: the alert that the client sent, or the protocol that was
    /// recognised.
    pub says: String,
    /// Bytes that the client sent; `received` has those that it got. Both as far as they were
    /// counted.
    pub sent: u64,
    pub received: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealReason {
    /// The client refused our certificate: it pins another one, or does not trust our authority.
    Refused,
    /// Neither TLS nor HTTP; forwarded or dropped without being read.
    UnknownProtocol,
    /// QUIC, refused so that the client falls back to TCP.
    Quic,
    /// Tunnelled without decryption, because the user asked for it, or because the client refused
    /// our certificate before.
    Tunnelled,
}

opaque!(Exchange, Client, Process, ClientHello, Request, Response, Header, Body, Message, Seal);

impl ClientHello {
    /// The part of a client's JA4 (`t13d1516h2_8daaf6152771_…`) that stays the same: version and
    /// ciphers. The part for the extensions changes when a session is resumed.
    pub fn stack(&self) -> Option<(&str, &str)> {
        let mut parts = self.ja4.split('_');
        Some((parts.next()?.get(..4)?, parts.next()?))
    }
}

impl Seal {
    /// The text for a client that closed the connection during the handshake. Evidence files
    /// contain it, and [`Seal::is_hung_up`] compares it. Who changes it must still recognise the
    /// old text.
    pub const HUNG_UP: &str = "hung up on our certificate without an alert";

    /// Whether the client closed the connection during the handshake without an alert. It may have
    /// refused our certificate, or may have abandoned the connection.
    pub fn is_hung_up(&self) -> bool {
        self.reason == SealReason::Refused && self.says == Self::HUNG_UP
    }
}

impl Exchange {
    /// The host that the connection went to, in lower case, without a port. The request itself may
    /// name another host.
    pub fn host(&self) -> &str {
        self.request.host()
    }

    /// The host that the request's authority, or its connection's ClientHello, names, if that is
    /// not the host that the connection went to. None for imported captures: for these we do not
    /// know which of the two hosts the connection went to.
    pub fn foreign_name(&self) -> Option<&str> {
        if self.inlet == IngressKind::Imported {
            return None;
        }
        let is_foreign = |name: &&str| !name.is_empty() && !same_host(name, self.host());
        self.request.claimed_host().filter(is_foreign).or_else(|| self.server_name().filter(is_foreign))
    }

    /// The server name in the ClientHello, for an exchange that no upstream server answered. If a
    /// server answered, another name proves nothing: one server may use one certificate for several
    /// names (RFC 9113 §9.1.1).
    fn server_name(&self) -> Option<&str> {
        let by_a_server = self.response.as_ref().is_some_and(|response| response.by == AnsweredBy::Upstream);
        let is_its_own = self.request.url.starts_with("https:") && !by_a_server;
        self.client.hello.as_ref().filter(|_| is_its_own)?.sni.as_deref().map(host_of)
    }
}

/// Whether two names are the same host. Case and a trailing dot do not count.
fn same_host(one: &str, other: &str) -> bool {
    one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
}

impl Request {
    /// The method of a DNS query. Its address is `dns://NAME/?type=A`, its body is the DNS message.
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
    /// A complete body.
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
