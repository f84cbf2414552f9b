//! Places in a request.

use crate::{Way, codings::percent, get, post, request, socket};

pub const WAYS: &[Way] = &[
    ("a path segment", |value| get(&format!("https://sink.example/u/{value}/x"))),
    ("a path segment, percent-coded", |value| get(&format!("https://sink.example/u/{}/x", percent(value)))),
    ("a query value", |value| get(&format!("https://sink.example/?a=1&u={}&b=2", percent(value)))),
    ("a query value as it is", |value| get(&format!("https://sink.example/?u={value}"))),
    ("a query name", |value| get(&format!("https://sink.example/?{}=1", percent(value)))),
    ("a query without names", |value| get(&format!("https://sink.example/?{}", percent(value)))),
    ("matrix parameters of a path", |value| get(&format!("https://sink.example/p;u={};v=1", percent(value)))),
    ("an address in a query value", |value| {
        get(&format!("https://sink.example/?dl={}", percent(&format!("https://shop.example/?u={}", percent(value)))))
    }),
    ("the Referer", |value| {
        request("https://sink.example/", &[("Referer", &format!("https://shop.example/?u={}", percent(value)))], b"")
    }),
    ("a header of its own", |value| request("https://sink.example/", &[("X-User", value)], b"")),
    ("a cookie", |value| {
        request("https://sink.example/", &[("Cookie", &format!("a=1; user={}; b=2", percent(value)))], b"")
    }),
    ("a cookie as JSON", |value| {
        let cookie = format!("a=1; state={}", percent(&format!("{{\"user\":\"{value}\"}}")));
        request("https://sink.example/", &[("Cookie", &cookie)], b"")
    }),
    ("basic authorization", |value| {
        let credentials = data_encoding::BASE64.encode(format!("{value}:secret").as_bytes());
        request("https://sink.example/", &[("Authorization", &format!("Basic {credentials}"))], b"")
    }),
    ("the body as it is", |value| post(value)),
    ("a sentence", |value| post(format!("Dear {value}, thank you for your order."))),
    ("a form field", |value| post(format!("a=1&user={}&b=2", percent(value)))),
    ("a form field with odd names", |value| post(format!("user%5Bmail%5D={}&user%5Bid%5D=7", percent(value)))),
    ("fields parted by lines", |value| post(format!("a: 1\r\nuser: {value}\r\nb: 2\r\n"))),
    ("comma-separated values", |value| post(format!("id,user,age\n7,\"{value}\",42\n"))),
    ("tab-separated values", |value| post(format!("7\t{value}\t42\n"))),
    ("a WebSocket text message", |value| socket(true, format!("42[\"identify\",\"{value}\"]").as_bytes())),
    ("a WebSocket binary message", |value| socket(false, &[b"\0\x01\x02", value.as_bytes(), b"\0\xff"].concat())),
    ("among random bytes", |value| {
        let noise: Vec<u8> = (0..200u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        post([&noise[..], value.as_bytes(), &noise[50..]].concat())
    }),
];
