//! A plausible success for a request that no answer is known for: of the kind
//! that it says it accepts, or that its path or its own content suggests.

use model::{Header, Request};

use super::{PreparedAnswer, begins, path_of};

/// The smallest picture: a transparent GIF of one point.
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// The same as PNG.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xff\xff?\0\x05\xfe\x02\xfe\r\xefF\xb8\0\0\0\0IEND\xaeB`\x82";
const SVG: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"/>";
const HTML: &[u8] = b"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>OK</title><p>OK</p></html>";

/// A type of content, and the least that is of that type.
type ContentSample = (&'static str, &'static [u8]);

/// What a server that is well would say to this, as far as that can be guessed.
pub fn fallback(request: &Request) -> PreparedAnswer {
    if request.method == "OPTIONS" {
        return PreparedAnswer { status: 204, headers: for_other_sites(request), body: Vec::new() };
    }
    let Some((content_type, body)) = content(request) else {
        return PreparedAnswer { status: 204, headers: for_other_sites(request), body: Vec::new() };
    };
    let mut headers = vec![Header::new("Content-Type", content_type)];
    headers.extend(for_other_sites(request));
    PreparedAnswer { status: 200, headers, body: body.to_vec() }
}

fn content(request: &Request) -> Option<ContentSample> {
    let accepts = request.header("accept").unwrap_or(b"*/*");
    if begins(Some(accepts), "text/event-stream") {
        // No content tells an event source not to ask again.
        return None;
    }
    let wanted = String::from_utf8_lossy(accepts).to_ascii_lowercase();
    let first = wanted.split([',', ';']).next().unwrap_or_default().trim().to_owned();
    by_type(&first).or_else(|| by_use(request)).or_else(|| by_path(&request.url)).or_else(|| by_own_type(request)).or({
        // Programs that read no JSON read nothing at all.
        Some(("application/json", b"{}"))
    })
}

fn by_type(media: &str) -> Option<ContentSample> {
    match media {
        "text/html" | "application/xhtml+xml" => Some(("text/html; charset=utf-8", HTML)),
        "application/json" | "application/vnd.api+json" => Some(("application/json", b"{}")),
        "application/xml" | "text/xml" => Some(("text/xml", b"<?xml version=\"1.0\"?><r/>")),
        "text/css" => Some(("text/css", b"")),
        "text/javascript" | "application/javascript" => Some(("text/javascript", b"")),
        "text/plain" => Some(("text/plain", b"")),
        "image/svg+xml" => Some(("image/svg+xml", SVG)),
        "application/x-protobuf" | "application/protobuf" | "application/grpc" => Some(("application/x-protobuf", b"")),
        "application/octet-stream" => Some(("application/octet-stream", b"")),
        "image/gif" => Some(("image/gif", GIF)),
        _ if media.starts_with("image/") => Some(("image/png", PNG)),
        _ => None,
    }
}

/// What the page wants it for (Fetch Metadata).
fn by_use(request: &Request) -> Option<ContentSample> {
    match request.header("sec-fetch-dest")? {
        b"script" | b"worker" | b"sharedworker" | b"serviceworker" => by_type("text/javascript"),
        b"style" => by_type("text/css"),
        b"image" => by_type("image/png"),
        b"document" | b"iframe" | b"frame" => by_type("text/html"),
        _ => None,
    }
}

fn by_path(url: &str) -> Option<ContentSample> {
    let file = path_of(url).rsplit('/').next().unwrap_or_default();
    let (_, ending) = file.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "js" | "mjs" => by_type("text/javascript"),
        "css" => by_type("text/css"),
        "gif" => by_type("image/gif"),
        "png" | "jpg" | "jpeg" | "webp" | "ico" | "avif" => by_type("image/png"),
        "svg" => by_type("image/svg+xml"),
        "html" | "htm" | "php" => by_type("text/html"),
        "xml" | "rdf" => by_type("text/xml"),
        "txt" => by_type("text/plain"),
        "json" => by_type("application/json"),
        "pb" => by_type("application/x-protobuf"),
        _ => None,
    }
}

/// A server answers protobuf with protobuf.
fn by_own_type(request: &Request) -> Option<ContentSample> {
    let own = request.header("content-type");
    let is = |start| begins(own, start);
    match () {
        () if is("application/x-protobuf") || is("application/protobuf") || is("application/grpc") => {
            by_type("application/x-protobuf")
        }
        () if is("text/xml") || is("application/xml") => by_type("text/xml"),
        () if is("text/plain") => by_type("text/plain"),
        () => None,
    }
}

/// What lets a page of another site read the answer (Fetch standard, CORS).
pub(super) fn for_other_sites(request: &Request) -> Vec<Header> {
    let Some(origin) = request.header("origin") else { return Vec::new() };
    let mut headers = vec![
        Header::new("Access-Control-Allow-Origin", origin),
        Header::new("Access-Control-Allow-Credentials", "true"),
    ];
    for (asked, allowed) in [
        ("access-control-request-method", "Access-Control-Allow-Methods"),
        ("access-control-request-headers", "Access-Control-Allow-Headers"),
    ] {
        headers.extend(request.header(asked).map(|value| Header::new(allowed, value)));
    }
    headers
}

#[cfg(test)]
mod tests {
    use model::Body;

    use super::*;

    fn said(method: &str, url: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let headers = headers.iter().map(|(name, value)| Header::new(*name, *value)).collect();
        let body = Body::default();
        let request = Request { method: method.into(), url: url.into(), version: String::new(), headers, body };
        let said = fallback(&request);
        let content = said.headers.first().map(|header| String::from_utf8_lossy(&header.value).into_owned());
        (said.status, content.unwrap_or_default())
    }

    #[test]
    fn an_answer_is_of_the_kind_that_is_asked_for() {
        for (url, headers, content) in [
            ("https://a.example/", &[("Accept", "text/html,application/xml;q=0.9")][..], "text/html; charset=utf-8"),
            ("https://a.example/p", &[("Accept", "image/avif,image/webp,*/*")], "image/png"),
            ("https://a.example/p", &[("Accept", "*/*"), ("Sec-Fetch-Dest", "script")], "text/javascript"),
            ("https://a.example/p.css?x", &[("Accept", "*/*")], "text/css"),
            ("https://a.example/p", &[("Content-Type", "application/x-protobuf")], "application/x-protobuf"),
            ("https://a.example/p", &[], "application/json"),
        ] {
            assert_eq!(said("GET", url, headers), (200, content.into()), "{url} {headers:?}");
        }
    }

    #[test]
    fn an_event_source_is_told_not_to_ask_again() {
        assert_eq!(said("GET", "https://a.example/", &[("Accept", "text/event-stream")]).0, 204);
    }

    #[test]
    fn a_page_of_another_site_may_read_the_answer() {
        let asked = [("Origin", "https://b.example"), ("Access-Control-Request-Method", "PUT")];
        assert_eq!(said("OPTIONS", "https://a.example/", &asked), (204, "https://b.example".into()));
    }
}
