//! Clients of the proxy: patient ones, hasty ones, and ones that go away.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

/// A request whose answer came to its last byte.
pub struct Answered {
    pub at: Instant,
    pub url: String,
}

/// Asks over one connection until it is told to stop, or the proxy is gone.
pub async fn ask(proxy: SocketAddr, number: usize, pause: Duration, stop: Arc<AtomicBool>) -> Vec<Answered> {
    let mut answered = Vec::new();
    let Ok(mut stream) = TcpStream::connect(proxy).await else { return answered };
    let sizes = [(0, 200), (500, 1_000), (2_000, 10_000)];
    for turn in 0_usize.. {
        if stop.load(Relaxed) {
            break;
        }
        let (up, down) = sizes[(turn + number) % sizes.len()];
        let url = format!("http://load.example/c{number}n{turn}?size={down}");
        if post(&mut stream, &url, &body(turn as u64, up)).await.is_none() {
            break;
        }
        answered.push(Answered { at: Instant::now(), url });
        if !pause.is_zero() {
            sleep(pause).await;
        }
    }
    answered
}

/// Bytes that are never the same twice and cannot be packed.
fn body(seed: u64, length: usize) -> Vec<u8> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut state = seed ^ NEXT.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

async fn post(stream: &mut TcpStream, url: &str, body: &[u8]) -> Option<()> {
    let length = body.len();
    let head = format!("POST {url} HTTP/1.1\r\nHost: load.example\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).await.ok()?;
    let mut have = Vec::with_capacity(16 << 10);
    let mut whole = None;
    loop {
        if whole.is_none()
            && let Some(end) = have.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&have[..end]).to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1)?.lines().next()?.trim().parse::<usize>().ok()?;
            whole = Some(end + 4 + length);
        }
        if whole.is_some_and(|whole| have.len() >= whole) {
            return Some(());
        }
        if stream.read_buf(&mut have).await.ok()? == 0 {
            return None;
        }
    }
}

/// One after the other until it is time: what browsers and apps do to a proxy, good and bad.
pub async fn mixed(proxy: SocketAddr, kind: usize, until: Instant, done: Arc<AtomicU64>) {
    let mut turn = 0_u64;
    while Instant::now() < until {
        turn += 1;
        let answered = match kind % 6 {
            0 => many(proxy, turn).await,
            1 => http2(proxy, turn).await,
            2 => websocket(proxy, turn).await,
            3 => large(proxy, turn).await,
            4 => aborted(proxy, turn).await,
            _ => unreadable(proxy, turn).await,
        };
        done.fetch_add(answered.unwrap_or(0), Relaxed);
        sleep(Duration::from_millis(40)).await;
    }
}

/// Requests on one HTTP/1 connection.
async fn many(proxy: SocketAddr, turn: u64) -> Option<u64> {
    let mut stream = TcpStream::connect(proxy).await.ok()?;
    for n in 0..20 {
        let url = format!("http://h{}.load.example/m{turn}n{n}?size={}", turn % 200, 100 * n);
        post(&mut stream, &url, &body(turn, 300)).await?;
    }
    Some(20)
}

/// Streams on one HTTP/2 connection, in clear.
async fn http2(proxy: SocketAddr, turn: u64) -> Option<u64> {
    use http_body_util::{BodyExt, Full};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let stream = TcpStream::connect(proxy).await.ok()?;
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.ok()?;
    let driver = tokio::spawn(connection);
    let mut all = tokio::task::JoinSet::new();
    for n in 0..20_u64 {
        let mut sender = sender.clone();
        all.spawn(async move {
            let url = format!("http://load.example/h{turn}n{n}?size={}", 200 * n);
            let request = hyper::Request::post(url).body(Full::new(bytes::Bytes::from(body(n, 400)))).ok()?;
            let answer = sender.send_request(request).await.ok()?;
            // Every fourth is given up in the middle.
            if n.is_multiple_of(4) {
                return None;
            }
            answer.into_body().collect().await.ok().map(drop)
        });
    }
    let answered = all.join_all().await.into_iter().flatten().count();
    driver.abort();
    Some(answered as u64)
}

async fn websocket(proxy: SocketAddr, turn: u64) -> Option<u64> {
    let mut stream = TcpStream::connect(proxy).await.ok()?;
    let head = format!(
        "GET http://load.example/ws{turn} HTTP/1.1\r\nHost: load.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    let mut have = Vec::new();
    while !have.ends_with(b"\r\n\r\n") {
        have.push(stream.read_u8().await.ok()?);
    }
    for n in 0..30_u8 {
        let mut frame = vec![0x82, 0x80 | 100, n, 1, 2, 3];
        frame.extend_from_slice(&body(turn, 100));
        stream.write_all(&frame).await.ok()?;
        let mut back = [0; 102];
        stream.read_exact(&mut back).await.ok()?;
    }
    // Half of them say good-bye.
    if turn.is_multiple_of(2) {
        stream.write_all(&[0x88, 0x80, 0, 0, 0, 0]).await.ok()?;
    }
    Some(1)
}

async fn large(proxy: SocketAddr, turn: u64) -> Option<u64> {
    let mut stream = TcpStream::connect(proxy).await.ok()?;
    // A few bodies that come again: the evidence need not grow as the traffic does.
    let up = vec![(turn % 16) as u8; 3 << 20];
    post(&mut stream, &format!("http://load.example/l{turn}?size={}", 5 << 20), &up).await?;
    sleep(Duration::from_millis(400)).await;
    Some(1)
}

/// Goes away at every point of a request.
async fn aborted(proxy: SocketAddr, turn: u64) -> Option<u64> {
    let mut stream = TcpStream::connect(proxy).await.ok()?;
    let whole = format!(
        "POST http://load.example/a{turn}?size=2000000 HTTP/1.1\r\nHost: load.example\r\nContent-Length: 200000\r\n\r\n{}",
        "b".repeat(200_000)
    );
    let at = [1, 30, 90, 5_000, 199_999, whole.len()][(turn % 6) as usize];
    stream.write_all(&whole.as_bytes()[..at.min(whole.len())]).await.ok()?;
    if turn % 6 == 5 {
        stream.read_exact(&mut [0; 1_000]).await.ok()?;
    }
    None
}

/// Tunnels that carry half a ClientHello, or something that is none.
async fn unreadable(proxy: SocketAddr, turn: u64) -> Option<u64> {
    let mut stream = TcpStream::connect(proxy).await.ok()?;
    stream.write_all(b"CONNECT load.example:443 HTTP/1.1\r\nHost: load.example:443\r\n\r\n").await.ok()?;
    let mut have = Vec::new();
    while !have.ends_with(b"\r\n\r\n") {
        have.push(stream.read_u8().await.ok()?);
    }
    let said: &[u8] = if turn.is_multiple_of(2) { &[0x16, 3, 1, 2, 0, 1, 0] } else { b"\0\x01\x02 something else\n" };
    stream.write_all(said).await.ok()?;
    None
}
