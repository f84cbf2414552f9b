//! What the tests with real programs share: a cell, or the reason why there is
//! none here, and a listener that answers everything with one small page.

#[allow(dead_code, reason = "not every test file needs the real proxy")]
pub(crate) mod seen;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use experiment::{
    Error,
    cell::{Cell, CellDevice, CellIsolation, CellSockets, CellSpec, CellUser, find},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A cell with namespaces; none, with the reason printed, where that cannot be.
pub(crate) async fn cell(number: u32) -> Option<(Cell, CellSockets)> {
    match Cell::open(spec(CellIsolation::Namespaces, number)).await {
        Ok(made) => Some(made),
        Err(why @ (Error::NoRightToIsolate(_) | Error::Missing { .. })) => {
            eprintln!("skipped: {why}");
            None
        }
        Err(other) => panic!("{other}"),
    }
}

pub(crate) fn spec(walls: CellIsolation, number: u32) -> CellSpec {
    CellSpec { walls, device: CellDevice::numbered(1, number), user: CellUser::default(), keep: Vec::new() }
}

/// Whether a program is there; prints the reason for skipping if not.
#[allow(dead_code, reason = "not every test file needs a program")]
pub(crate) fn have(program: &str) -> bool {
    let there = find(program).is_some();
    if !there {
        eprintln!("skipped: {program} is not installed");
    }
    there
}

/// Requests that arrived: their first lines.
#[derive(Clone, Default)]
pub(crate) struct Sink(Arc<Mutex<VecDeque<String>>>);

#[allow(dead_code, reason = "not every test file asks for both")]
impl Sink {
    /// Answers on all proxy sockets until the test ends.
    pub(crate) fn on(sockets: CellSockets) -> Self {
        let sink = Self::default();
        for listener in sockets.proxy {
            let (listener, sink) = (TcpListener::from_std(listener).unwrap(), sink.clone());
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(answer(stream, sink.clone()));
                }
            });
        }
        sink
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().cloned().collect()
    }

    /// Waits until a line with `part` in it has arrived.
    pub(crate) async fn wait_for(&self, part: &str) -> bool {
        for _ in 0..200 {
            if self.lines().iter().any(|line| line.contains(part)) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }
}

const PAGE: &str = "<!doctype html><title>A page</title><form name=f action=/sent><input name=who><input name=secret \
                    type=password><button>Send</button></form><a id=on href=/next>on</a><img src=/picture.png>";

async fn answer(mut stream: TcpStream, sink: Sink) {
    let mut head = Vec::new();
    let mut chunk = [0; 4096];
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut chunk).await {
            Ok(read @ 1..) => head.extend_from_slice(&chunk[..read]),
            _ => return,
        }
    }
    let first = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    let refused = first.starts_with("CONNECT");
    sink.0.lock().unwrap().push_back(first);
    let reply = if refused {
        "HTTP/1.1 502 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
    } else {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{PAGE}",
            PAGE.len()
        )
    };
    let _ = stream.write_all(reply.as_bytes()).await;
    let _ = stream.shutdown().await;
}
