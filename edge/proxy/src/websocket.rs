//! WebSockets that no server is behind: the upgrade is accepted, what the client
//! says is kept, and the connection stands until the client closes it.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Buf;
use model::{Body, Direction, Header, Message, Request};
use sha1::{Digest, Sha1};
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::{
    Reply,
    clock::{self, Moment},
    frames::{self, FrameHead, Opcode},
    http1::RequestHead,
    link::Link,
    part::Part,
    reply,
    wire::Conn,
};

/// Messages that are kept of one connection; more are a stream of their own.
const MOST_MESSAGES: usize = 100_000;

/// Accepts an upgrade and listens until the client has nothing more to say.
pub(crate) async fn sinkhole(
    conn: &mut Conn,
    link: &Link,
    began: Moment,
    request: Request,
    head: &RequestHead,
    reply: &Reply,
) {
    let headers = accept(head);
    let mut bytes = b"HTTP/1.1 101 Switching Protocols\r\n".to_vec();
    for header in &headers {
        bytes.extend([header.name.as_bytes(), b": ", &header.value, b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");
    let mut response = reply::record(reply, "HTTP/1.1", headers, b"");
    response.status = 101;
    let mut said = Said { messages: Vec::new(), open: None, room: link.settings().messages_limit };
    if conn.write_all(&bytes).await.is_ok() {
        listen(conn, link, &request, &mut said).await;
    }
    said.close(true);
    link.answered(began, request, response, said.messages).await;
}

/// The fields that accept an upgrade (RFC 6455 §4.2.2), without extensions, so
/// that messages come uncompressed.
fn accept(head: &RequestHead) -> Vec<Header> {
    let key = head.text("sec-websocket-key").unwrap_or_default();
    let digest = Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    let mut headers = vec![
        Header::new("Upgrade", "websocket"),
        Header::new("Connection", "Upgrade"),
        Header::new("Sec-WebSocket-Accept", STANDARD.encode(digest)),
    ];
    let offered = head.text("sec-websocket-protocol").and_then(|list| list.split(',').next());
    if let Some(protocol) = offered {
        headers.push(Header::new("Sec-WebSocket-Protocol", protocol.trim()));
    }
    headers
}

/// What a client said so far.
struct Said {
    messages: Vec<Message>,
    open: Option<Open>,
    /// Bytes that may still be kept.
    room: usize,
}

/// A message whose frames are still coming.
struct Open {
    at: model::Time,
    text: bool,
    part: Part,
}

impl Said {
    fn frame(&mut self, head: &FrameHead) {
        if head.opcode != Opcode::Continuation {
            self.close(true);
            let text = head.opcode == Opcode::Text;
            self.open = Some(Open { at: clock::now(), text, part: Part::new(self.room) });
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if let Some(open) = &mut self.open {
            open.part.add(bytes);
        }
    }

    /// Ends the message that is open.
    fn close(&mut self, broken_off: bool) {
        let Some(Open { at, text, part }) = self.open.take() else { return };
        let body = if broken_off { part.broken_off(None) } else { part.whole() };
        self.room = self.room.saturating_sub(body.bytes.len());
        self.add(Message { direction: Direction::FromClient, at, text, body });
    }

    fn add(&mut self, message: Message) {
        if self.messages.len() < MOST_MESSAGES {
            self.messages.push(message);
        }
    }
}

async fn listen(conn: &mut Conn, link: &Link, request: &Request, said: &mut Said) {
    let stop = link.shared.stop.clone();
    while let Some(head) = next_head(conn, &stop).await {
        if head.opcode.is_control() {
            if !control(conn, link, &head).await {
                return;
            }
            continue;
        }
        said.frame(&head);
        if !payload(conn, link, &head, said).await {
            return;
        }
        if head.last {
            said.close(false);
            if !answer(conn, link, request, said).await {
                return;
            }
        }
    }
}

/// Says what there is to say to the last message. False: the client has gone.
async fn answer(conn: &mut Conn, link: &Link, request: &Request, said: &mut Said) -> bool {
    let Some(last) = said.messages.last() else { return true };
    let Some(words) = link.shared.answers.message(request, &last.body.bytes) else { return true };
    let sent = conn.write_all(&frames::frame(Opcode::Text, &words)).await.is_ok();
    said.add(Message { direction: Direction::FromServer, at: clock::now(), text: true, body: Body::whole(&words[..]) });
    sent
}

async fn next_head(conn: &mut Conn, stop: &crate::stop::Stop) -> Option<FrameHead> {
    loop {
        if let Some(head) = FrameHead::read(&conn.ahead) {
            conn.ahead.advance(head.length);
            return Some(head);
        }
        // Sockets for push messages are silent for hours: no timeout here.
        if !matches!(conn.fill_unless_ending(stop).await, Some(Ok(count)) if count > 0) {
            return None;
        }
    }
}

/// Answers a control frame. False: the connection is over.
async fn control(conn: &mut Conn, link: &Link, head: &FrameHead) -> bool {
    const LONGEST: u64 = 125;
    if head.payload > LONGEST {
        return false;
    }
    let length = head.payload as usize;
    while conn.ahead.len() < length {
        if !more(conn, link).await {
            return false;
        }
    }
    let mut payload = conn.ahead.split_to(length);
    frames::unmask(&mut payload, head.mask.unwrap_or_default(), 0);
    match head.opcode {
        Opcode::Ping => conn.write_all(&frames::frame(Opcode::Pong, &payload)).await.is_ok(),
        Opcode::Close => {
            let _ = conn.write_all(&frames::frame(Opcode::Close, &payload)).await;
            let _ = conn.shutdown().await;
            false
        }
        _ => true,
    }
}

async fn payload(conn: &mut Conn, link: &Link, head: &FrameHead, said: &mut Said) -> bool {
    let mut at = 0;
    while at < head.payload {
        if conn.ahead.is_empty() && !more(conn, link).await {
            return false;
        }
        let count = usize::try_from(head.payload - at).unwrap_or(usize::MAX).min(conn.ahead.len());
        let mut bytes = conn.ahead.split_to(count);
        frames::unmask(&mut bytes, head.mask.unwrap_or_default(), at);
        said.bytes(&bytes);
        at += count as u64;
    }
    true
}

async fn more(conn: &mut Conn, link: &Link) -> bool {
    matches!(timeout(link.settings().idle, conn.fill()).await, Ok(Ok(count)) if count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upgrade_is_accepted_as_the_specification_has_it() {
        // RFC 6455 §1.3.
        let head = crate::http1::request(
            b"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
              Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, superchat\r\n\r\n",
        )
        .unwrap();
        assert!(head.wants_websocket());
        let headers = accept(&head);
        assert_eq!(headers[2].value, b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(headers[3].value, b"chat");
    }
}
