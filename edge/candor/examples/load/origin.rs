//! The server that is asked: it answers with as many bytes as the address says, and echoes on WebSockets.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

async fn serve(mut stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut have, mut answer) = (Vec::new(), Vec::new());
    loop {
        let (head, length) = head(&mut stream, &mut have).await?;
        if head.to_ascii_lowercase().contains("upgrade: websocket") {
            return echo(stream).await;
        }
        skip(&mut stream, &mut have, length).await?;
        let size: usize = after(&head, "size=").and_then(|size| size.parse().ok()).unwrap_or(0);
        answer.clear();
        answer.extend_from_slice(
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n")
                .as_bytes(),
        );
        answer.resize(answer.len() + size, b'a');
        stream.write_all(&answer).await.ok()?;
    }
}

/// The head of the next request, and how long its body is.
async fn head(stream: &mut TcpStream, have: &mut Vec<u8>) -> Option<(String, usize)> {
    loop {
        if let Some(end) = have.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&have[..end]).into_owned();
            have.drain(..end + 4);
            let length = after(&head.to_ascii_lowercase(), "content-length: ").and_then(|length| length.parse().ok());
            return Some((head, length.unwrap_or(0)));
        }
        more(stream, have).await?;
    }
}

async fn skip(stream: &mut TcpStream, have: &mut Vec<u8>, length: usize) -> Option<()> {
    let mut left = length;
    loop {
        let taken = left.min(have.len());
        have.drain(..taken);
        left -= taken;
        if left == 0 {
            return Some(());
        }
        more(stream, have).await?;
    }
}

async fn more(stream: &mut TcpStream, have: &mut Vec<u8>) -> Option<()> {
    let count = stream.read_buf(have).await.ok()?;
    (count > 0).then_some(())
}

/// Digits that stand behind a word.
fn after<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let rest = text.split_once(word)?.1;
    Some(&rest[..rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len())])
}

/// Each frame comes back as one of a server: short ones, unmasked.
async fn echo(mut stream: TcpStream) -> Option<()> {
    let accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    stream.write_all(accepted.as_bytes()).await.ok()?;
    loop {
        let (first, second) = (stream.read_u8().await.ok()?, stream.read_u8().await.ok()?);
        let mut rest = vec![0; 4 + usize::from(second & 0x7f)];
        stream.read_exact(&mut rest).await.ok()?;
        let (mask, body) = rest.split_at_mut(4);
        body.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        let mut frame = vec![first, second & 0x7f];
        frame.extend_from_slice(body);
        stream.write_all(&frame).await.ok()?;
    }
}
