//! Messages over a WebSocket (RFC 6455), as far as a browser on loopback needs it:
//! text messages, no extensions. Masking and a random key protect proxies on the
//! way, and on loopback there are none.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    sync::mpsc,
};

use super::RpcTransport;

/// Limit on a message, in bytes: an answer may contain a whole page.
const LONGEST: u64 = 64 << 20;

const MASK: [u8; 4] = *b"mask";

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Opens a WebSocket on a connection to `host`, and carries messages until
/// either side closes.
pub async fn wire(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: &str,
    path: &str,
) -> io::Result<RpcTransport> {
    let (reader, mut writer) = tokio::io::split(stream);
    let mut reader = BufReader::new(reader);
    // §4.1: the key shows a client that the server speaks WebSocket. This server is
    // known to, so the key is constant.
    let hello = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: Y2FuZG9yIGFza3MgeW91IQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    writer.write_all(hello.as_bytes()).await?;
    accepted(&mut reader).await?;
    let (outgoing, mut to_send) = mpsc::unbounded_channel::<String>();
    let (received, incoming) = mpsc::unbounded_channel();
    let (answer, mut to_answer) = mpsc::unbounded_channel::<(u8, Vec<u8>)>();
    tokio::spawn(async move {
        loop {
            let (opcode, payload) = tokio::select! {
                Some(answer) = to_answer.recv() => answer,
                message = to_send.recv() => match message {
                    Some(message) => (TEXT, message.into_bytes()),
                    None => (CLOSE, Vec::new()),
                },
            };
            if writer.write_all(&frame(opcode, &payload)).await.is_err() || opcode == CLOSE {
                break;
            }
        }
    });
    tokio::spawn(async move {
        let mut message = Vec::new();
        while let Ok(ServerFrame { opcode, last, payload }) = read(&mut reader).await {
            match opcode {
                TEXT | CONTINUATION => message.extend_from_slice(&payload),
                PING => drop(answer.send((PONG, payload))),
                CLOSE => break,
                _ => continue,
            }
            if last && matches!(opcode, TEXT | CONTINUATION) {
                let text = String::from_utf8_lossy(&message).into_owned();
                message.clear();
                if received.send(text).is_err() {
                    break;
                }
            }
        }
    });
    Ok(RpcTransport { outgoing, incoming })
}

/// Reads the answer to the opening request up to its empty line.
async fn accepted(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 8192 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(reader.read_u8().await?);
    }
    if head.starts_with(b"HTTP/1.1 101") { Ok(()) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
}

struct ServerFrame {
    opcode: u8,
    last: bool,
    payload: Vec<u8>,
}

/// §5.2: frames of a server are not masked.
async fn read(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<ServerFrame> {
    let (first, second) = (reader.read_u8().await?, reader.read_u8().await?);
    let length = match second & 0x7f {
        126 => u64::from(reader.read_u16().await?),
        127 => reader.read_u64().await?,
        short => u64::from(short),
    };
    if length > LONGEST || second & 0x80 != 0 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut payload = vec![0; usize::try_from(length).unwrap_or_default()];
    reader.read_exact(&mut payload).await?;
    Ok(ServerFrame { opcode: first & 0xf, last: first & 0x80 != 0, payload })
}

/// §5.2: frames of a client are masked. A constant mask is enough without proxies
/// on the way, but Firefox refuses frames without a mask.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length @ 126..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_of_every_length_go_both_ways() {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n").await.unwrap();
        let mut wire = wire(ours, "127.0.0.1:1", "/session").await.unwrap();
        accepted_request(&mut theirs).await;
        for length in [2, 125, 126, 65_535, 65_536] {
            wire.outgoing.send("x".repeat(length)).unwrap();
            let mut sent = vec![0; frame(TEXT, &vec![0; length]).len()];
            theirs.read_exact(&mut sent).await.unwrap();
            assert_eq!(sent, frame(TEXT, "x".repeat(length).as_bytes()));
        }
        // In two frames, with a ping between them.
        theirs.write_all(b"\x01\x03{\"a\x89\x01!\x80\x04\":1}").await.unwrap();
        assert_eq!(wire.incoming.recv().await.unwrap(), r#"{"a":1}"#);
        let mut pong = [0; 7];
        theirs.read_exact(&mut pong).await.unwrap();
        assert_eq!(&pong, b"\x8a\x81maskL");
        theirs.write_all(b"\x88\0").await.unwrap();
        assert_eq!(wire.incoming.recv().await, None);
    }

    #[tokio::test]
    async fn a_server_that_refuses_is_an_error() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        theirs.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        assert!(wire(ours, "127.0.0.1:1", "/session").await.is_err());
    }

    async fn accepted_request(stream: &mut (impl AsyncRead + Unpin)) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"GET /session HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"));
    }
}
