//! Field sections of HTTP/2 and HTTP/3, and the pseudo-header fields in them
//! (RFC 9113 §8.3, RFC 9114 §4.3).

use model::{Body, Header, Request};

use super::{exchange::ConnectionFacts, hpack::FieldLine};

/// What the pseudo-header fields of a request say.
pub(super) struct FieldSection {
    pub(super) method: String,
    /// Of an extended CONNECT (RFC 8441).
    pub(super) protocol: Option<String>,
    scheme: Option<String>,
    authority: Option<Vec<u8>>,
    path: String,
    headers: Vec<Header>,
}

impl FieldSection {
    pub(super) fn of(fields: &[FieldLine]) -> Self {
        let text = |name: &[u8]| value(fields, name).map(|value| String::from_utf8_lossy(value).into_owned());
        let authority = value(fields, b":authority").or_else(|| value(fields, b"host"));
        Self {
            method: text(b":method").unwrap_or_else(|| "GET".into()),
            protocol: text(b":protocol"),
            scheme: text(b":scheme"),
            authority: authority.map(<[u8]>::to_vec),
            path: text(b":path").unwrap_or_default(),
            headers: headers(fields),
        }
    }

    pub(super) fn request(self, facts: &ConnectionFacts, version: &str, body: Body) -> Request {
        let is_tls = facts.is_tls || self.scheme.as_deref() == Some("https");
        let facts = ConnectionFacts { is_tls, ..facts.clone() };
        let url = match (&*self.method, &self.protocol, &self.authority) {
            ("CONNECT", None, Some(authority)) => {
                let authority = String::from_utf8_lossy(authority).into_owned();
                format!("https://{}/", authority.strip_suffix(":443").unwrap_or(&authority))
            }
            _ => facts.url(&self.path, self.authority.as_deref()),
        };
        Request { method: self.method, url, version: version.into(), headers: self.headers, body }
    }
}

pub(super) fn value<'f>(fields: &'f [FieldLine], name: &[u8]) -> Option<&'f [u8]> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| &value[..])
}

pub(super) fn status(fields: &[FieldLine]) -> u16 {
    value(fields, b":status").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok()).unwrap_or(0)
}

/// The fields that are no pseudo-header fields.
pub(super) fn headers(fields: &[FieldLine]) -> Vec<Header> {
    fields.iter().filter(|(name, _)| !name.starts_with(b":")).map(header).collect()
}

pub(super) fn header((name, value): &FieldLine) -> Header {
    Header::new(String::from_utf8_lossy(name), &value[..])
}
