//! The socket for developers of the fake phone's app: two answers of HTTP, then
//! calls over a WebSocket, as Chromium gives them.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Mutex,
};

use super::{State, open, take};

/// Serves one connection; the first tab is an ordinary one.
pub fn serve(stream: &mut TcpStream, state: &Mutex<State>) -> Option<()> {
    let head = head(stream)?;
    assert!(head.contains("\r\nHost: localhost\r\n") && !head.contains("Origin"), "{head}");
    if head.starts_with("GET /json/version ") {
        let whose = state.lock().unwrap().socket_of.clone().unwrap_or_else(|| "org.example.socket".into());
        let way = "ws://localhost/devtools/browser/9f1c";
        let body = format!("{{\n \"Android-Package\": \"{whose}\",\n \"webSocketDebuggerUrl\": \"{way}\"\n}}");
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length:{}\r\n\r\n{body}", body.len());
        return stream.write_all(answer.as_bytes()).ok();
    }
    if !head.starts_with("GET /devtools/browser/9f1c ") {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n").ok();
    }
    stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n").ok()?;
    while let Some(call) = message(stream) {
        let answer = answer(&call, state);
        let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
        stream.write_all(&[&[0x81, 126][..], &length, answer.as_bytes()].concat()).ok()?;
    }
    Some(())
}

fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(take(stream, 1)?);
    }
    String::from_utf8(head).ok()
}

/// A masked text frame.
fn message(stream: &mut TcpStream) -> Option<String> {
    let head = take(stream, 2)?;
    if head[0] != 0x81 {
        return None;
    }
    let length = match head[1] & 0x7f {
        126 => usize::from(u16::from_be_bytes(take(stream, 2)?.try_into().ok()?)),
        short => usize::from(short),
    };
    let mask = take(stream, 4)?;
    let mut text = vec![0; length];
    stream.read_exact(&mut text).ok()?;
    text.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    String::from_utf8(text).ok()
}

fn answer(call: &str, state: &Mutex<State>) -> String {
    let after = |name: &str| call.split(&format!("\"{name}\":")).nth(1).unwrap_or_default();
    let text = |name: &str| after(name).trim_matches('"').split('"').next().unwrap_or_default().to_owned();
    let id = after("id").split([',', '}']).next().unwrap_or_default().to_owned();
    let target = |id: &str, context: &str| {
        format!("{{\"type\":\"page\",\"targetId\":\"{id}\",\"browserContextId\":\"{context}\"}}")
    };
    let result = match text("method").as_str() {
        "Target.getTargets" => {
            let mut all = vec![target("A", "ordinary")];
            let state = state.lock().unwrap();
            if state.private_tabs > 0 {
                all.push(target("B", if state.opens_ordinary { "ordinary" } else { "another" }));
            }
            format!("{{\"targetInfos\":[{}]}}", all.join(","))
        }
        "Target.attachToTarget" if text("targetId") == "B" => "{\"sessionId\":\"S\"}".to_owned(),
        "Page.navigate" if text("sessionId") == "S" => {
            open(text("url"), Some("in its tab".into()), state);
            "{\"frameId\":\"F\"}".to_owned()
        }
        other => panic!("{other}: {call}"),
    };
    format!("{{\"id\":{id},\"result\":{result}}}")
}
