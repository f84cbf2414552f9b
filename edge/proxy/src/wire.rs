//! A connection as a stream of bytes: TCP, or TLS inside another wire.
//!
//! What was read ahead stays in front of what comes, so that each layer can be
//! recognised before it is spoken. Bytes on the network are counted below TLS,
//! and a proxy that stops makes every wire end, so that whoever reads from it
//! takes the path of a client that has gone.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::server;

use crate::stop::{LAST_LOOK, Over, Stop};

/// A wire with the bytes that were read from it ahead of time.
pub(crate) struct Conn {
    wire: Wire,
    pub(crate) ahead: BytesMut,
}

enum Wire {
    Tcp(Tcp),
    Tls(Box<server::TlsStream<Conn>>),
}

/// Bytes that went over the network, from the client's side.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    sent: AtomicU64,
    received: AtomicU64,
}

struct Tcp {
    stream: TcpStream,
    counts: Arc<Counts>,
    over: Over,
}

impl Counts {
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }
}

impl Conn {
    pub(crate) fn tcp(stream: TcpStream, counts: Arc<Counts>, stop: &Stop) -> Self {
        let tcp = Tcp { stream, counts, over: stop.over() };
        Self { wire: Wire::Tcp(tcp), ahead: BytesMut::new() }
    }

    pub(crate) fn tls(stream: server::TlsStream<Self>) -> Self {
        Self { wire: Wire::Tls(Box::new(stream)), ahead: BytesMut::new() }
    }

    /// Reads more behind what was read ahead; 0 at the end.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        self.ahead.reserve(8 * 1024);
        self.wire.read_buf(&mut self.ahead).await
    }

    /// The same between requests: None when the proxy ends, once it has looked
    /// whether anything had been sent by then.
    pub(crate) async fn fill_unless_ending(&mut self, stop: &Stop) -> Option<io::Result<usize>> {
        tokio::select! {
            biased;
            filled = self.fill() => return Some(filled),
            () = stop.ending() => {}
        }
        timeout(LAST_LOOK, self.fill()).await.ok()
    }
}

impl AsyncRead for Conn {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.wire).poll_read(cx, buf);
        }
        let count = self.ahead.len().min(buf.remaining());
        buf.put_slice(&self.ahead[..count]);
        self.ahead.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Conn {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            Wire::Tcp(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Wire::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Tcp(tcp) => Pin::new(&mut tcp.stream).poll_flush(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Tcp(tcp) => Pin::new(&mut tcp.stream).poll_shutdown(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncRead for Tcp {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending if self.over.poll(cx).is_ready() => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            ready => {
                self.counts.sent.fetch_add((buf.filled().len() - before) as u64, Relaxed);
                ready
            }
        }
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, buf) {
            Poll::Pending if self.over.poll(cx).is_ready() => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            Poll::Ready(Ok(count)) => {
                self.counts.received.fetch_add(count as u64, Relaxed);
                Poll::Ready(Ok(count))
            }
            other => other,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
