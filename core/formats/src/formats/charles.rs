//! Charles's JSON session (`.chlsj`): a list of transactions.
//!
//! `chls`, its own format, is Java's serialisation and is refused.

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{Body, Exchange, GapReason, Header, IngressKind, Request, Response, Seal, SealReason};
use serde_json::Value;

use super::{Format, PieceSink, har::scan::JsonScan, json_list};
use crate::{
    piece::{PieceItem, PieceResult, body_gap},
    refused::RefusedFile,
    source::CaptureSource,
    stamp,
};

pub(super) struct CharlesSession;

impl Format for CharlesSession {
    fn name(&self) -> &'static str {
        "charles"
    }

    fn says(&self) -> &'static str {
        "Charles's JSON session (`.chlsj`); of a connection that Charles did not open (no SSL proxying) host and size"
    }

    fn fits(&self, head: &[u8]) -> bool {
        let has = |key: &[u8]| memchr::memmem::find(head, key).is_some();
        head.trim_ascii_start().starts_with(b"[") && has(b"\"protocolVersion\"") && has(b"\"actualPort\"")
    }

    fn cut(&self, source: &mut CaptureSource<'_>, each: &mut PieceSink<'_>) -> Result<u64, RefusedFile> {
        let (mut scan, mut index) = (JsonScan::new(source), 0);
        while let Some(byte) = scan.next() {
            if byte != b'{' {
                scan.pass();
                continue;
            }
            let piece = json_list::piece(&mut scan, &CharlesSession, index);
            index += 1;
            if each(piece).is_break() {
                break;
            }
        }
        Ok(index)
    }

    fn read(&self, index: u64, bytes: &[u8], each: &mut dyn FnMut(PieceItem)) {
        let Some(value) = json_list::value(index, bytes, each) else { return };
        transaction(index, &value).give(each);
    }
}

fn transaction(index: u64, value: &Value) -> PieceResult {
    let text = |key: &str| json_list::text(&value[key]);
    let (scheme, host, method) = (text("scheme"), text("host"), text("method"));
    let port = value["port"].as_u64().or(value["actualPort"].as_u64());
    let default = if scheme == "https" { 443 } else { 80 };
    let authority = match port.filter(|port| *port != default && *port > 0) {
        Some(port) => format!("{host}:{port}"),
        None => host,
    };
    let query = text("query");
    let mark = if query.is_empty() { "" } else { "?" };
    let path = text("path");
    let slash = if path.starts_with('/') { "" } else { "/" };
    let is_tunnel = method == "CONNECT" || value["tunnel"] == true;
    let url = if is_tunnel {
        format!("https://{authority}/")
    } else {
        format!("{scheme}://{authority}{slash}{path}{mark}{query}")
    };
    let (asked, told) = (&value["request"], &value["response"]);
    let mut gaps = Vec::new();
    let request_body = body(asked).unwrap_or_else(|| {
        gaps.push(body_gap(index, GapReason::Missing, "the request had a body, and the capture does not have it"));
        Body::default()
    });
    let started = stamp::time(&json_list::text(&value["times"]["start"])).unwrap_or_default();
    let size = |half: &Value| half["sizes"]["body"].as_u64().unwrap_or(0);
    let version = text("protocolVersion");
    let response = told["status"].as_u64().map(|status| Response {
        status: status as u16,
        version: version.clone(),
        headers: headers(told),
        body: body(told).unwrap_or_default(),
        by: "capture".into(),
    });
    let exchange = Exchange {
        index,
        trial: None,
        connection: index,
        started,
        ended: stamp::time(&json_list::text(&value["times"]["end"])),
        inlet: IngressKind::Imported,
        client: std::sync::Arc::default(),
        request: Request {
            method: if is_tunnel { "CONNECT".into() } else { method },
            url,
            version,
            headers: headers(asked),
            body: request_body,
        },
        response,
        messages: Vec::new(),
        seal: is_tunnel.then(|| Seal {
            reason: SealReason::Tunnelled,
            says: "the capture has the tunnel, not what went through it".into(),
            sent: size(asked),
            received: size(told),
        }),
    };
    if is_tunnel {
        gaps.clear();
    }
    PieceResult { exchange: Some(exchange), gaps }
}

fn headers(half: &Value) -> Vec<Header> {
    let all = half["header"]["headers"].as_array().into_iter().flatten();
    all.map(|header| Header::new(json_list::text(&header["name"]), json_list::text(&header["value"]))).collect()
}

/// The body as it went over the wire or was decoded; none if only its size is there.
fn body(half: &Value) -> Option<Body> {
    let body = &half["body"];
    if let Some(text) = body["text"].as_str() {
        return Some(Body::whole(text.as_bytes()));
    }
    if let Some(encoded) = body["encoded"].as_str() {
        return STANDARD.decode(encoded.trim()).ok().map(Body::whole);
    }
    (half["sizes"]["body"].as_u64().unwrap_or(0) == 0).then(Body::default)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::checks::{check, shown};

    const SESSION: &str = r#"[{"status":"COMPLETE","method":"POST","protocolVersion":"HTTP/1.1","scheme":"https","host":"a.example","port":null,
        "actualPort":443,"path":"/x","query":"a=b","tunnel":false,"times":{"start":"2020-05-04T01:30:00.000Z"},
        "request":{"sizes":{"headers":20,"body":5},"header":{"firstLine":"POST /x HTTP/1.1","headers":[{"name":"Cookie","value":"c=d"}]},
        "body":{"text":"hello","charset":"UTF-8"}},
        "response":{"status":200,"header":{"headers":[]},"body":{"encoding":"base64","encoded":"b2s="}}},
        {"method":"CONNECT","protocolVersion":"HTTP/1.1","scheme":"https","host":"b.example","port":443,"actualPort":443,"tunnel":true,"request":{"sizes":{"body":900}}},
        {"method":"PUT","protocolVersion":"HTTP/1.1","scheme":"http","host":"c.example","port":8080,"actualPort":8080,"path":"/y","request":{"sizes":{"body":7}}}]"#;

    #[test]
    fn transactions_are_requests() {
        check(
            SESSION,
            expect![[r#"
                0 POST https://a.example/x?a=b HTTP/1.1
                  Cookie: c=d
                  > hello
                  200 < ok
                1 CONNECT https://b.example/ HTTP/1.1
                  sealed: the capture has the tunnel, not what went through it
                2 PUT http://c.example:8080/y HTTP/1.1
                2 body ! Missing: the request had a body, and the capture does not have it
            "#]],
        );
    }

    #[test]
    fn a_cut_or_broken_session_says_so() {
        let cut = shown(&SESSION.as_bytes()[..SESSION.len() - 30]);
        assert!(cut.contains("0 POST ") && cut.contains("! Cut: the file ends within this entry"), "{cut}");
        let broken = shown(SESSION.replace("\"tunnel\":true", "\"tunnel\":tru").as_bytes());
        assert!(broken.contains("1 entry ! Broken: the entry is broken JSON") && broken.contains("2 PUT"), "{broken}");
        for end in 0..SESSION.len() {
            shown(&SESSION.as_bytes()[..end]);
        }
    }
}
