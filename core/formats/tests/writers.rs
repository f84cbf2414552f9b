//! The same traffic, written down as each program does it, must read as what
//! was sent.
//!
//! A writer below is a program's convention and nothing else: how it puts
//! bytes into JSON, how it lists headers, what it leaves out.

use base64::{Engine, engine::general_purpose::STANDARD};
use formats::{PieceItem, read};
use model::{Direction, Exchange, Record};
use serde_json::{Value, json};

/// What went over the wire.
struct Sent {
    method: &'static str,
    url: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    /// The body after its content encoding was undone.
    plain: Vec<u8>,
    messages: Vec<(bool, bool, Vec<u8>)>,
}

fn sent(method: &'static str, url: &'static str, kind: &'static str, body: &[u8]) -> Sent {
    let mut headers = vec![("Accept", "*/*")];
    if !kind.is_empty() {
        headers.push(("Content-Type", kind));
    }
    Sent { method, url, headers, body: body.to_vec(), plain: body.to_vec(), messages: Vec::new() }
}

fn traffic() -> Vec<Sent> {
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xcbH\xcd\xc9\xc9\x07\0\x86\xa6\x106\x05\0\0\0";
    let mut packed = sent("POST", "https://a.example/gzip", "application/json", gzip);
    packed.headers.push(("Content-Encoding", "gzip"));
    packed.plain = b"hello".to_vec();
    let mut socket = sent("GET", "wss://a.example/socket", "", b"");
    socket.messages = vec![(true, true, "grüße".into()), (false, false, vec![0, 255, 7])];
    let mut cookie = sent("GET", "https://a.example/page?q=%C3%BC", "", b"");
    cookie.headers.push(("Cookie", "id=7; other=a=b"));
    vec![
        cookie,
        sent("POST", "https://a.example/json", "application/json", "{\"name\":\"Müller ✓\"}".as_bytes()),
        sent("POST", "https://a.example/text", "text/plain", "Straße \"quoted\" \\ \t tab".as_bytes()),
        sent("POST", "https://a.example/form", "application/x-www-form-urlencoded", b"a=x+y&b=%C3%BC%26&c="),
        sent("POST", "https://a.example/binary", "application/octet-stream", b"\0\x01\xfe\xff protobuf \x80\xc3\xbc"),
        packed,
        socket,
    ]
}

/// How a program writes one exchange.
type Writer = fn(&Sent) -> Value;

fn har(entries: Vec<Value>, creator: &str) -> String {
    json!({"log": {"version": "1.2", "creator": {"name": creator, "version": "1"}, "pages": [], "entries": entries}})
        .to_string()
        .replace("\u{e000}", "\\udc")
}

fn read_all(har: &str) -> Vec<Exchange> {
    let mut all = Vec::new();
    read(&mut har.as_bytes(), &mut |item| match item {
        PieceItem::Record(Record::Exchange(exchange)) => all.push(*exchange),
        PieceItem::Record(_) => panic!("a HAR has exchanges only"),
        PieceItem::Gap(gap) => panic!("{}: {}", gap.place, gap.says),
    })
    .expect("it is a HAR");
    all
}

/// Checks a program's convention; `body` says which bytes it still has.
fn check(name: &str, writer: Writer, body: fn(&Sent) -> &[u8]) {
    let traffic = traffic();
    let read = read_all(&har(traffic.iter().map(writer).collect(), name));
    assert_eq!(read.len(), traffic.len(), "{name}");
    for (sent, read) in traffic.iter().zip(read) {
        let of = format!("{name}, {}", sent.url);
        assert_eq!((&*read.request.method, &*read.request.url), (sent.method, sent.url), "{of}");
        assert_eq!(&*read.request.body.bytes, body(sent), "{of}");
        for (header, value) in &sent.headers {
            assert_eq!(read.request.header(header), Some(value.as_bytes()), "{of}, {header}");
        }
        let messages = read
            .messages
            .iter()
            .map(|message| (message.direction == Direction::FromClient, message.text, message.body.bytes.to_vec()));
        assert_eq!(messages.collect::<Vec<_>>(), sent.messages, "{of}");
    }
}

fn wire(sent: &Sent) -> &[u8] {
    &sent.body
}

fn plain(sent: &Sent) -> &[u8] {
    &sent.plain
}

fn headers(sent: &Sent) -> Value {
    sent.headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

fn entry(sent: &Sent, version: &str, post: Option<Value>) -> Value {
    let mut request = json!({
        "method": sent.method, "url": sent.url, "httpVersion": version, "headers": headers(sent), "queryString": [],
        "cookies": [], "headersSize": -1, "bodySize": sent.body.len(),
    });
    if let Some(post) = post {
        request["postData"] = post;
    }
    let response =
        json!({"status": 200, "statusText": "", "httpVersion": version, "headers": [], "cookies": [], "content": {}});
    json!({"startedDateTime": "2026-01-02T03:04:05.678Z", "time": 12, "request": request, "response": response, "cache": {}, "timings": {}})
}

fn mime(sent: &Sent) -> &str {
    sent.headers.iter().find(|(name, _)| *name == "Content-Type").map_or("", |(_, value)| value)
}

fn messages(sent: &Sent) -> Value {
    let message = |(from_client, text, data): &(bool, bool, Vec<u8>)| {
        let data = if *text { String::from_utf8(data.clone()).expect("text") } else { STANDARD.encode(data) };
        let kind = if *from_client { "send" } else { "receive" };
        json!({"type": kind, "time": 1_767_322_800.25, "opcode": if *text { 1 } else { 2 }, "data": data})
    };
    sent.messages.iter().map(message).collect()
}

/// Each byte as the character of that number.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Text as it is, anything else as characters of Latin-1.
fn chromium(sent: &Sent) -> Value {
    let text = String::from_utf8(sent.body.clone()).unwrap_or_else(|_| latin1(&sent.body));
    let post = (!sent.body.is_empty()).then(|| json!({"mimeType": mime(sent), "text": text}));
    let mut entry = entry(sent, "http/2.0", post);
    if let Some(headers) = entry["request"]["headers"].as_array_mut() {
        headers.insert(0, json!({"name": ":path", "value": "/"}));
    }
    entry["_initiator"] = json!({"type": "script", "stack": {"callFrames": []}});
    entry["_resourceType"] = json!("fetch");
    entry["connection"] = json!("443");
    if !sent.messages.is_empty() {
        entry["_webSocketMessages"] = messages(sent);
    }
    entry
}

/// The `Cookie` header only in `cookies`; text as Latin-1; no `text` without a body.
fn firefox(sent: &Sent) -> Value {
    let post = json!({"mimeType": mime(sent), "params": [], "text": latin1(&sent.body)});
    let mut entry = entry(sent, "HTTP/2", (sent.method == "POST").then_some(post));
    let cookie = sent.headers.iter().find(|(name, _)| *name == "Cookie");
    if let Some((_, cookie)) = cookie {
        let pairs = cookie.split("; ").filter_map(|pair| pair.split_once('='));
        entry["request"]["cookies"] = pairs.map(|(name, value)| json!({"name": name, "value": value})).collect();
        if let Some(headers) = entry["request"]["headers"].as_array_mut() {
            headers.retain(|header| header["name"] != "Cookie");
        }
    }
    entry["_webSocketMessages"] = messages(sent);
    entry
}

/// Bytes that are no UTF-8 as lone surrogates (Python's surrogateescape).
fn mitmproxy(sent: &Sent) -> Value {
    let mut text = String::new();
    let mut rest = &sent.body[..];
    while !rest.is_empty() {
        let valid = std::str::from_utf8(rest).map_or_else(|error| error.valid_up_to(), str::len);
        text.push_str(std::str::from_utf8(&rest[..valid]).expect("checked"));
        rest = &rest[valid..];
        if let Some((byte, after)) = rest.split_first() {
            text.push_str(&format!("\u{e000}{byte:02x}"));
            rest = after;
        }
    }
    let post = json!({"mimeType": mime(sent), "text": text, "params": []});
    let mut entry = entry(sent, "HTTP/1.1", (sent.method == "POST").then_some(post));
    entry["_webSocketMessages"] = messages(sent);
    entry
}

/// Marks base64 in `postData`, as HAR 1.3 proposes.
fn marked(sent: &Sent) -> Value {
    let is_text = std::str::from_utf8(&sent.body).is_ok();
    let post = match is_text {
        true => json!({"mimeType": mime(sent), "text": latin1_free(&sent.body)}),
        false => json!({"mimeType": mime(sent), "text": STANDARD.encode(&sent.body), "encoding": "base64"}),
    };
    let mut entry = entry(sent, "h3", (!sent.body.is_empty()).then_some(post));
    entry["_webSocketMessages"] = messages(sent);
    entry
}

/// Everything in base64, whatever it is.
fn reqable(sent: &Sent) -> Value {
    let post = json!({"mimeType": mime(sent), "text": STANDARD.encode(&sent.body), "encoding": "base64"});
    let mut entry = entry(sent, "HTTP/1.1", (!sent.body.is_empty()).then_some(post));
    entry["_webSocketMessages"] = messages(sent);
    entry
}

/// Undoes content encodings; what is no text stands in `_content`.
fn http_toolkit(sent: &Sent) -> Value {
    let mut entry = entry(sent, "HTTP/1.1", None);
    match std::str::from_utf8(&sent.plain) {
        Ok("") => {}
        Ok(text) => entry["request"]["postData"] = json!({"mimeType": mime(sent), "text": text}),
        Err(_) => {
            entry["request"]["_requestBodyStatus"] = json!("discarded:not-representable");
            entry["request"]["_content"] =
                json!({"text": STANDARD.encode(&sent.plain), "size": sent.plain.len(), "encoding": "base64"});
        }
    }
    entry["_webSocketMessages"] = messages(sent);
    entry
}

/// Headers and form fields as it has them parsed, the rest as text.
fn insomnia(sent: &Sent) -> Value {
    let mut entry = marked(sent);
    if mime(sent) == "application/x-www-form-urlencoded" {
        let fields = String::from_utf8(sent.body.clone()).expect("a form");
        let pairs = fields.split('&').filter_map(|pair| pair.split_once('='));
        let params: Value = pairs.map(|(name, value)| json!({"name": name, "value": value})).collect();
        entry["request"]["postData"] = json!({"mimeType": mime(sent), "params": params});
    }
    entry["request"]["headers"] = sent.headers.iter().map(|(name, value)| json!([name, value])).collect();
    entry
}

/// One object for all headers.
fn script(sent: &Sent) -> Value {
    let mut entry = marked(sent);
    let headers = sent.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
    entry["request"]["headers"] = Value::Object(headers.collect());
    entry
}

fn latin1_free(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn every_program_s_har_reads_as_what_was_sent() {
    check("Chromium's developer tools", chromium, wire);
    check("Firefox", firefox, wire);
    check("mitmproxy", mitmproxy, wire);
    check("Safari, Charles, Proxyman and PCAPdroid", marked, wire);
    check("Reqable", reqable, wire);
    check("HTTP Toolkit", http_toolkit, plain);
    check("Insomnia", insomnia, wire);
    check("a script", script, wire);
}

#[test]
fn a_byte_order_mark_and_line_breaks_change_nothing() {
    let traffic = traffic();
    let har = har(traffic.iter().map(chromium).collect(), "Fiddler");
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&har).expect("JSON")).expect("JSON");
    let urls = |har: &str| read_all(har).into_iter().map(|read| read.request).collect::<Vec<_>>();
    assert!(urls(&har) == urls(&format!("\u{feff}{}", pretty.replace('\n', "\r\n"))));
}
