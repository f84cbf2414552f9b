//! Formats that hold fields.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::json;

use crate::{Way, codings::field, get, packed::gzip, post};

pub const WAYS: &[Way] = &[
    ("JSON", |value| post(json!({"user": value}).to_string())),
    ("JSON, deep", |value| post(json!([{"a": {"b": [{"c": [1, {"user": value}]}]}}]).to_string())),
    ("a JSON name", |value| post(json!({value: 1}).to_string())),
    ("JSON in JSON", |value| post(json!({"p": json!({"user": value}).to_string()}).to_string())),
    ("JSON in JSON in JSON", |value| {
        post(json!({"p": json!({"q": json!({"user": value}).to_string()}).to_string()}).to_string())
    }),
    ("JSON in a form", |value| post(field(&json!({"user": value}).to_string()))),
    ("JSON in a query", |value| {
        get(&format!("https://sink.example/?e={}", crate::codings::percent(&json!({"user": value}).to_string())))
    }),
    ("base64 of JSON", |value| post(field(&BASE64.encode(json!({"user": value}).to_string().as_bytes())))),
    ("base64 in JSON", |value| post(json!({"p": BASE64.encode(value.as_bytes())}).to_string())),
    ("JSON lines", |value| post(format!("{}\n{}\n", json!({"a": 1}), json!({"user": value})))),
    ("JSONP", |value| post(format!("callback({});", json!({"user": value})))),
    ("JSON behind a number", |value| post(format!("42{}", json!(["identify", {"user": value}])))),
    ("JSON in an array of an address", |value| {
        post(json!({"url": format!("https://shop.example/p?u={}", crate::codings::percent(value))}).to_string())
    }),
    ("XML", |value| post(format!("<?xml version=\"1.0\"?><r><user>{value}</user></r>"))),
    ("an XML attribute", |value| post(format!("<?xml version=\"1.0\"?><r><user mail=\"{value}\"/></r>"))),
    ("XML with CDATA", |value| post(format!("<?xml version=\"1.0\"?><r><![CDATA[{value}]]></r>"))),
    ("a form in XML", |value| post(format!("<r><q>a=1&amp;user={}</q></r>", crate::codings::percent(value)))),
    ("multipart", |value| {
        post(format!("--b\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\n{value}\r\n--b--\r\n"))
    }),
    ("a multipart file", |value| {
        let file = gzip(json!({"user": value}).to_string().as_bytes());
        let head = b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"e.gz\"\r\n\r\n";
        post([&head[..], &file, b"\r\n--b--\r\n"].concat())
    }),
    ("a multipart file name", |value| {
        post(format!(
            "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{value}.txt\"\r\n\r\nx\r\n--b--\r\n"
        ))
    }),
    ("JWT", |value| {
        let part = |json: serde_json::Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let token = format!("{}.{}.c2lnbmF0dXJl", part(json!({"alg": "HS256"})), part(json!({"sub": value})));
        post(json!({"token": token}).to_string())
    }),
    ("protobuf", |value| post(message(&[(1, b"web"), (2, value.as_bytes())]))),
    ("protobuf in protobuf", |value| post(message(&[(1, b"web"), (3, &message(&[(7, value.as_bytes())]))]))),
    ("base64 of protobuf", |value| post(field(&BASE64.encode(&message(&[(2, value.as_bytes())]))))),
    ("base64url of protobuf in a path", |value| {
        get(&format!(
            "https://sink.example/v1/{}?alt=proto",
            BASE64URL_NOPAD.encode(&message(&[(2, value.as_bytes())]))
        ))
    }),
    ("gzip of protobuf", |value| post(gzip(&message(&[(1, b"web"), (2, value.as_bytes())])))),
    ("gRPC", |value| post(framed(0, &message(&[(1, value.as_bytes())])))),
    ("gRPC, compressed", |value| post(framed(1, &gzip(&message(&[(1, value.as_bytes())]))))),
    ("MessagePack", |value| {
        let mut body = b"\x82\xa4user".to_vec();
        body.extend([0xd9, value.len() as u8]);
        body.extend(value.as_bytes());
        body.extend(b"\xa2id\x07");
        post(body)
    }),
    ("CBOR", |value| {
        let mut body = b"\xa2\x64user".to_vec();
        body.extend([0x78, value.len() as u8]);
        body.extend(value.as_bytes());
        body.extend(b"\x62id\x07");
        post(body)
    }),
    ("a Sentry envelope", |value| {
        let event = json!({"user": {"email": value}}).to_string();
        let head = json!({"event_id": "9ec79c33ec9942ab8353589fcb2e04dc", "sent_at": "2026-01-02T03:04:05Z"});
        post(format!("{head}\n{}\n{event}\n", json!({"type": "event", "length": event.len()})))
    }),
    ("an envelope with a packed item", |value| {
        let event = gzip(json!({"user": {"email": value}}).to_string().as_bytes());
        let head = format!(
            "{}\n{}\n",
            json!({"event_id": "9ec79c33ec9942ab8353589fcb2e04dc"}),
            json!({"type": "replay_recording", "length": event.len()})
        );
        post([head.as_bytes(), &event, b"\n"].concat())
    }),
    ("numbered pieces", |value| {
        let (first, second) = value.split_at(18);
        post(format!("d0={}&d1={}", crate::codings::percent(first), crate::codings::percent(second)))
    }),
];

fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
    let mut all = vec![0x28, 0x96, 0x01];
    for (number, bytes) in fields {
        all.push(number << 3 | 2);
        assert!(bytes.len() < 0x80, "one byte of length");
        all.push(bytes.len() as u8);
        all.extend_from_slice(bytes);
    }
    all
}

fn framed(compressed: u8, message: &[u8]) -> Vec<u8> {
    [&[compressed][..], &(message.len() as u32).to_be_bytes(), message].concat()
}
