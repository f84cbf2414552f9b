//! WebSockets: forwarded frame by frame, or, without a server, accepted and
//! read until the client closes.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Buf;
use model::{Body, Direction, Header, Message, Request};
use sha1::{Digest, Sha1};
use tokio::io::AsyncWriteExt;

use crate::{
    StaticResponse,
    clock::{self, ClockMoment},
    exchange::connection_context::ConnectionContext,
    exchange::static_response,
    http1::head::{HeaderFields, RequestHead},
    inbound::splice,
    inbound::stream::BufferedStream,
    websocket::frame::{self, Opcode},
    websocket::messages::{FrameEvent, MessageInflater, MessageLog, MessageReader},
};

/// Forwards everything in both directions until both have ended, and returns
/// the messages.
pub(crate) async fn pass(
    client: &mut BufferedStream,
    server: &mut BufferedStream,
    link: &ConnectionContext,
    agreed: &HeaderFields,
) -> Vec<Message> {
    let mut said = MessageLog::new(link.settings().messages_limit);
    let (from_client, from_server) = MessageInflater::agreed(agreed).unzip();
    let mut client_ear = MessageReader::new(Direction::FromClient, from_client);
    let mut server_ear = MessageReader::new(Direction::FromServer, from_server);
    splice::both_ways(client, server, link.settings().idle, |direction, mut bytes| {
        let ear = match direction {
            Direction::FromClient => &mut client_ear,
            Direction::FromServer => &mut server_ear,
        };
        while !bytes.is_empty() {
            let (taken, _) = ear.hear(bytes, &mut said);
            bytes = &bytes[taken..];
        }
    })
    .await;
    client_ear.hang_up(&mut said);
    server_ear.hang_up(&mut said);
    said.messages
}

/// Accepts an upgrade and reads messages until the client closes the
/// connection.
pub(crate) async fn sinkhole(
    conn: &mut BufferedStream,
    link: &ConnectionContext,
    began: ClockMoment,
    request: Request,
    head: &RequestHead,
    reply: &StaticResponse,
) {
    let headers = accept(head);
    let mut bytes = b"HTTP/1.1 101 Switching Protocols\r\n".to_vec();
    for header in &headers {
        bytes.extend([header.name.as_bytes(), b": ", &header.value, b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");
    let mut response = static_response::record(reply, "HTTP/1.1", headers, b"");
    response.status = 101;
    let mut said = MessageLog::new(link.settings().messages_limit);
    if conn.write_all(&bytes).await.is_ok() {
        listen(conn, link, &request, &mut said).await;
    }
    link.answered(began, request, response, said.messages).await;
}

/// The header fields that accept an upgrade (RFC 6455 §4.2.2), without
/// extensions, so that the client sends its messages uncompressed.
fn accept(head: &RequestHead) -> Vec<Header> {
    let key = head.fields.text("sec-websocket-key").unwrap_or_default();
    let digest = Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    let mut headers = vec![
        Header::new("Upgrade", "websocket"),
        Header::new("Connection", "Upgrade"),
        Header::new("Sec-WebSocket-Accept", STANDARD.encode(digest)),
    ];
    let offered = head.fields.text("sec-websocket-protocol").and_then(|list| list.split(',').next());
    if let Some(protocol) = offered {
        headers.push(Header::new("Sec-WebSocket-Protocol", protocol.trim()));
    }
    headers
}

async fn listen(conn: &mut BufferedStream, link: &ConnectionContext, request: &Request, said: &mut MessageLog) {
    let mut ear = MessageReader::new(Direction::FromClient, None);
    loop {
        let (taken, heard) = ear.hear(&conn.ahead, said);
        conn.ahead.advance(taken);
        let go_on = match heard {
            Some(heard) => react(conn, link, request, said, heard).await,
            // Sockets for push messages are silent for hours, so there is no
            // timeout.
            None => matches!(conn.fill_unless_ending(&link.shared.stop).await, Some(Ok(count)) if count > 0),
        };
        if !go_on {
            ear.hang_up(said);
            return;
        }
    }
}

/// Reacts to a frame as a server would. False: the connection has ended.
async fn react(
    conn: &mut BufferedStream,
    link: &ConnectionContext,
    request: &Request,
    said: &mut MessageLog,
    heard: FrameEvent,
) -> bool {
    match heard {
        FrameEvent::Message => answer(conn, link, request, said).await,
        FrameEvent::Ping(payload) => conn.write_all(&frame::frame(Opcode::Pong, &payload)).await.is_ok(),
        FrameEvent::Other => true,
        FrameEvent::Close(payload) => {
            let _ = conn.write_all(&frame::frame(Opcode::Close, &payload)).await;
            let _ = conn.shutdown().await;
            false
        }
    }
}

/// Answers the last message, if there is an answer. False: the client has
/// closed the connection.
async fn answer(conn: &mut BufferedStream, link: &ConnectionContext, request: &Request, said: &mut MessageLog) -> bool {
    let Some(last) = said.messages.last() else { return true };
    let Some(words) = link.shared.answers.message(request, &last.body.bytes) else { return true };
    let sent = conn.write_all(&frame::frame(Opcode::Text, &words)).await.is_ok();
    said.add(Message { direction: Direction::FromServer, at: clock::now(), text: true, body: Body::whole(&words[..]) });
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upgrade_is_accepted_as_the_specification_has_it() {
        // RFC 6455 §1.3.
        let head = crate::http1::head::request(
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
