use expect_test::expect;

use crate::checks::{check, shown};

/// A value as mitmproxy writes it.
enum NetValue {
    Null,
    True,
    Number(i64),
    Time(&'static str),
    Text(&'static str),
    Bytes(&'static [u8]),
    List(Vec<NetValue>),
    Dict(Vec<(&'static str, NetValue)>),
}

use NetValue::{Bytes, Dict, List, Null, Number, Text, Time, True};

impl NetValue {
    fn write(&self) -> Vec<u8> {
        let (inner, kind) = match self {
            Null => (vec![], '~'),
            True => (b"true".to_vec(), '!'),
            Number(number) => (number.to_string().into_bytes(), '#'),
            Time(time) => (time.as_bytes().to_vec(), '^'),
            Text(text) => (text.as_bytes().to_vec(), ';'),
            Bytes(bytes) => (bytes.to_vec(), ','),
            List(items) => (items.iter().flat_map(NetValue::write).collect(), ']'),
            Dict(fields) => {
                (fields.iter().flat_map(|(key, value)| [Text(key).write(), value.write()].concat()).collect(), '}')
            }
        };
        [format!("{}:", inner.len()).into_bytes(), inner, kind.to_string().into_bytes()].concat()
    }
}

fn flow(version: i64, kind: &'static str, more: Vec<(&'static str, NetValue)>) -> Vec<u8> {
    let server = Dict(vec![("address", List(vec![Text("198.18.0.1"), Number(443)]))]);
    let client =
        Dict(vec![("peername", List(vec![Text("::1"), Number(5)])), ("timestamp_start", Time("1588555800.25"))]);
    let mut fields = more;
    fields.extend([
        ("server_conn", server),
        ("client_conn", client),
        ("type", Text(kind)),
        ("version", Number(version)),
    ]);
    Dict(fields).write()
}

fn request() -> NetValue {
    Dict(vec![
        ("method", Bytes(b"POST")),
        ("scheme", Bytes(b"https")),
        ("host", Text("198.18.0.1")),
        ("port", Number(443)),
        ("authority", Bytes(b"")),
        ("path", Bytes(b"/p?q=1")),
        ("http_version", Bytes(b"HTTP/2.0")),
        ("headers", List(vec![List(vec![Bytes(b"Host"), Bytes(b"a.example")])])),
        ("content", Bytes(b"\x1f\x8b")),
        ("timestamp_start", Time("1588555800.5")),
    ])
}

fn http(version: i64) -> Vec<u8> {
    let response = Dict(vec![("status_code", Number(200)), ("content", Bytes(b"hi"))]);
    let message = List(vec![Number(2), True, Bytes(b"\0"), Time("1.5"), Null]);
    let messages = Dict(vec![("messages", List(vec![message]))]);
    flow(version, "http", vec![("request", request()), ("response", response), ("websocket", messages)])
}

#[test]
fn a_flow_is_an_exchange_with_its_exact_bytes() {
    for version in [7, 21] {
        assert_eq!(shown(&http(version)), expected(), "{version}");
    }
}

fn expected() -> &'static str {
    "0 POST https://a.example/p?q=1 HTTP/2\n  Host: a.example\n  > \\x1f\\x8b\n  200 < hi\n  >> binary \\x00\n"
}

#[test]
fn other_connections_are_exchanges_too() {
    let said = || List(vec![List(vec![True, Bytes(b"hello"), Time("2.0")])]);
    let question = Dict(vec![("name", Text("c4n4ry.example")), ("type", Number(28))]);
    let dns = Dict(vec![("questions", List(vec![question]))]);
    let message = List(vec![Number(1), NetValue::Null, Bytes(b"from the server"), Time("2.0")]);
    let capture = [
        flow(15, "tcp", vec![("messages", said())]),
        flow(19, "udp", vec![("messages", said())]),
        flow(17, "dns", vec![("request", dns)]),
        flow(9, "websocket", vec![("messages", List(vec![message]))]),
        flow(21, "carrier pigeon", vec![]),
    ];
    check(
        capture.concat(),
        expect![[r#"
        0 TCP tcp://198.18.0.1:443/ 
          >> binary hello
        1 UDP udp://198.18.0.1:443/ 
          >> binary hello
        2 DNS dns://198.18.0.1:443/c4n4ry.example?type=28 
        3 GET ws://198.18.0.1:443/ 
          << from the server
        4 entry ! Unsupported: the flow is of a kind that we do not know
    "#]],
    );
}

#[test]
fn a_newer_flow_is_read_as_far_as_it_goes_and_an_old_one_refused() {
    check(
        http(99),
        expect![[r#"
        0 POST https://a.example/p?q=1 HTTP/2
          Host: a.example
          > \x1f\x8b
          200 < hi
          >> binary \x00
        0 entry ! Unsupported: the flow has format version 99, which is newer than we know
    "#]],
    );
    check(
        http(6),
        expect![[r#"
        refused: holds flows of a mitmproxy before 5: open and save them with a newer mitmproxy first
    "#]],
    );
    let old = Dict(vec![("version", List(vec![Number(0), Number(18)]))]).write();
    check(
        old,
        expect![[r#"
        refused: holds flows of a mitmproxy before 5: open and save them with a newer mitmproxy first
    "#]],
    );
}

#[test]
fn a_file_that_is_cut_or_broken_gives_what_it_has() {
    let two = [http(21), http(21)].concat();
    check(
        &two[..two.len() - 40],
        expect![[r#"
        0 POST https://a.example/p?q=1 HTTP/2
          Host: a.example
          > \x1f\x8b
          200 < hi
          >> binary \x00
        1 POST https://a.example/p?q=1 HTTP/2
          Host: a.example
          > \x1f\x8b
          200 < hi
          >> binary \x00
        1 entry ! Broken: the flow is cut or broken: only a part of it was read
        1 entry ! Cut: the file ends within this flow
    "#]],
    );
    check(
        [http(21), b"garbage".to_vec()].concat(),
        expect![[r#"
        0 POST https://a.example/p?q=1 HTTP/2
          Host: a.example
          > \x1f\x8b
          200 < hi
          >> binary \x00
        capture ! Broken: the file is broken after 1 flows: the rest cannot be read
    "#]],
    );
    for end in 0..two.len() {
        shown(&two[..end]);
    }
}

#[test]
fn nesting_without_end_costs_a_gap() {
    let mut nested = b"0:]".to_vec();
    for _ in 0..10_000 {
        nested = [format!("{}:", nested.len()).into_bytes(), nested, b"]".to_vec()].concat();
    }
    let inner = [b"7:request;".to_vec(), nested].concat();
    check(
        [format!("{}:", inner.len()).into_bytes(), inner, b"}".to_vec()].concat(),
        expect![[r#"
        0 entry ! Broken: the flow is cut or broken: only a part of it was read
    "#]],
    );
}
