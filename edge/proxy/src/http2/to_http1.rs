//! Forwards requests that arrive over HTTP/2 at us as a proxy to servers over
//! HTTP/1.1.
//!
//! Clients send requests for unencrypted URLs in this way; for encrypted ones
//! they ask for a tunnel. Each request gets a connection of its own. Field
//! names stay in lower case, as in HTTP/2.

use std::sync::Arc;

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version,
    header::{CONNECTION, COOKIE, HOST, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE},
};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;

use crate::{
    exchange::connection_context::ConnectionContext,
    exchange::target::HostPort,
    http2::relay::{RelayFailure, RequestRoute, UpstreamBody},
    upstream::connector::{ConnectError, ServerConnector},
    upstream::peer,
};

/// Connects to the server that each request names.
pub(crate) struct ToAnybody {
    egress: Arc<ServerConnector>,
}

impl ToAnybody {
    pub(crate) fn new(egress: Arc<ServerConnector>) -> Self {
        Self { egress }
    }

    async fn reach(&self, link: &ConnectionContext, uri: &Uri) -> Result<SendRequest<UpstreamBody>, ConnectError> {
        let encrypted = matches!(uri.scheme_str(), Some("https" | "wss"));
        let named = uri.authority().and_then(|named| HostPort::read(named.as_str(), if encrypted { 443 } else { 80 }));
        let Some(target) = named else {
            return Err(ConnectError { status: 400, says: "this is a proxy: ask it for an absolute address".into() });
        };
        let conn = peer::connect(&self.egress, link, &target, encrypted).await?;
        let mut builder = http1::Builder::new();
        builder
            .max_buf_size(link.settings().head_limit.max(LEAST_BUFFER))
            .max_headers(MOST_FIELDS)
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true);
        let made = builder.handshake(TokioIo::new(conn)).await;
        let says = |_| ConnectError { status: 502, says: format!("{} speaks no HTTP/1.1", target.host) };
        let (sender, connection) = made.map_err(says)?;
        let stop = link.shared.stop.clone();
        tokio::spawn(async move {
            // The request sees an error of the connection in its response.
            let _ = connection.await;
            drop(stop);
        });
        Ok(sender)
    }
}

impl RequestRoute for ToAnybody {
    async fn send(
        &self,
        link: &ConnectionContext,
        request: Request<UpstreamBody>,
    ) -> Result<Response<Incoming>, RelayFailure> {
        let mut sender = self.reach(link, request.uri()).await?;
        let mut answer = sender.send_request(in_http1(request)).await?;
        *answer.headers_mut() = kept(answer.headers());
        Ok(answer)
    }
}

/// hyper accepts no smaller buffer.
const LEAST_BUFFER: usize = 8 << 10;
/// How many header fields of a response are read.
const MOST_FIELDS: usize = 1_000;

/// Header fields that belong to one connection (RFC 9110 §7.6.1) or to the
/// proxy.
const OF_THE_CONNECTION: [HeaderName; 7] = [
    CONNECTION,
    TRANSFER_ENCODING,
    UPGRADE,
    TE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The header fields that are forwarded. Removing the others in place would
/// change the order.
fn kept(fields: &HeaderMap) -> HeaderMap {
    let goes_on = |(name, _): &(&HeaderName, &HeaderValue)| !OF_THE_CONNECTION.contains(name);
    fields.iter().filter(goes_on).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The request in the form that an HTTP/1.1 server gets: in origin form, with
/// its Host field first and its cookies in one field (RFC 9113 §8.2.3).
fn in_http1<B>(request: Request<B>) -> Request<B> {
    let (mut head, body) = request.into_parts();
    let authority = head.uri.authority().map_or("", |named| named.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let mut fields = HeaderMap::with_capacity(head.headers.len() + 1);
    if let Ok(host) = HeaderValue::from_str(host) {
        fields.append(HOST, host);
    }
    for (name, value) in &kept(&head.headers) {
        if name == COOKIE {
            if !fields.contains_key(COOKIE) {
                fields.append(COOKIE, in_one(&head.headers));
            }
        } else if name != HOST {
            fields.append(name.clone(), value.clone());
        }
    }
    head.headers = fields;
    head.uri = head.uri.path_and_query().map_or_else(|| Uri::from_static("/"), |path| Uri::from(path.clone()));
    head.version = Version::HTTP_11;
    Request::from_parts(head, body)
}

/// Joins the Cookie fields; HTTP/2 may send one field for each cookie.
fn in_one(fields: &HeaderMap) -> HeaderValue {
    let crumbs: Vec<&[u8]> = fields.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    // Bytes that are valid in each field are valid in the joined field.
    HeaderValue::from_bytes(&crumbs.join(&b"; "[..])).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_becomes_one_of_http1_in_its_order() {
        let request = Request::get("http://u:p@a.example:81/p?q")
            .version(Version::HTTP_2)
            .header("b", "1")
            .header("cookie", "c=1")
            .header("te", "trailers")
            .header("a", "2")
            .header("cookie", "d=2")
            .header("b", "3");
        let (head, ()) = in_http1(request.body(()).unwrap()).into_parts();
        assert_eq!((head.uri.to_string(), head.version), ("/p?q".into(), Version::HTTP_11));
        let fields: Vec<_> =
            head.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(fields, [("host", "a.example:81"), ("b", "1"), ("b", "3"), ("cookie", "c=1; d=2"), ("a", "2")]);
    }
}
