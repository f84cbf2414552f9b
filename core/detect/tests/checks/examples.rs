//! The requests that schemas show as their examples.

use std::{io::Write as _, sync::Arc};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use knowledge::schemas::{Schema, SchemaExample};
use model::{Body, Exchange, Header, IngressKind, Request, Time};

/// The request of an example.
pub(crate) fn exchange_of(schema: &Schema, example: &SchemaExample) -> Exchange {
    let inside = example.inside.as_ref().map(|inside| wrapped(inside.trim().as_bytes(), &example.wrapped));
    let filled = |text: &str| match &inside {
        Some((wrapped, hash)) => text.replace("{inside}", wrapped).replace("{java-hash}", hash),
        None => text.to_owned(),
    };
    let url = filled(example.url(schema).expect("checked when it was read"));
    let headers: Vec<(&str, &str)> =
        example.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let body = match (&example.body, &example.body_base64) {
        (Some(text), _) => filled(text).into_bytes(),
        (None, Some(coded)) => STANDARD.decode(coded.split_whitespace().collect::<String>()).expect("base64"),
        (None, None) => Vec::new(),
    };
    let headers = headers.iter().map(|(name, value)| Header::new(*name, *value)).collect();
    Exchange {
        index: 0,
        trial: None,
        connection: 0,
        started: Time::from_millis(example.at),
        ended: None,
        inlet: IngressKind::Imported,
        client: Arc::default(),
        request: Request {
            method: example.method().into(),
            url,
            version: "HTTP/1.1".into(),
            headers,
            body: Body::whole(body),
        },
        response: None,
        messages: Vec::new(),
        seal: None,
    }
}

/// The wrapped text, and Java's hash of it before it was percent-coded.
fn wrapped(inside: &[u8], layers: &[String]) -> (String, String) {
    let mut value = inside.to_vec();
    let mut hash = java_hash(&value);
    for layer in layers {
        value = match layer.as_str() {
            "base64" => STANDARD.encode(value).into_bytes(),
            "base64url" => URL_SAFE_NO_PAD.encode(value).into_bytes(),
            "gzip" => {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                gzip.write_all(&value).expect("memory");
                gzip.finish().expect("memory")
            }
            "percent" => {
                percent_encoding::percent_encode(&value, percent_encoding::NON_ALPHANUMERIC).to_string().into_bytes()
            }
            other => panic!("no wrapping is called {other}"),
        };
        if layer != "percent" {
            hash = java_hash(&value);
        }
    }
    (String::from_utf8(value).expect("a text at last"), hash)
}

fn java_hash(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit))).to_string()
}
