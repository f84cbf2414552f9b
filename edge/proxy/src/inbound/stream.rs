//! A connection as a stream of bytes: TCP, a tunnel inside HTTP/2, or TLS
//! inside another connection.
//!
//! Bytes that were read ahead stay in a buffer, so that each protocol can be
//! recognised before it is parsed. Bytes on the network are counted below TLS.
//! When the proxy stops, reading from every connection ends, and the reader
//! acts as if the client had closed the connection.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use bytes::{Buf, BytesMut};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{client, server};
use tokio_util::io::poll_read_buf;

use crate::{
    limits::ByteLease,
    stop::{LAST_LOOK, StopFuture, StopToken},
};

/// A connection with a buffer for bytes that were read ahead.
pub(crate) struct BufferedStream {
    wire: StreamKind,
    pub(crate) ahead: BytesMut,
    /// How many bytes to read at once: few while a connection is idle, more
    /// when it is busy.
    step: usize,
    /// Memory for the read buffer, once the buffer is large.
    lease: ByteLease,
}

const FIRST_STEP: usize = 2 * 1024;
const LAST_STEP: usize = 32 * 1024;
/// A forwarded body never buffers more than this. A larger buffer holds bytes
/// that must be complete before use, and counts towards the limit of all
/// connections.
const UNCOUNTED: usize = 2 * LAST_STEP;

enum StreamKind {
    Tcp(CountedStream<TcpStream>),
    /// One stream of a client's HTTP/2 connection.
    Tunnel(Box<CountedStream<TokioIo<Upgraded>>>),
    /// TLS to a client.
    Tls(Box<server::TlsStream<BufferedStream>>),
    /// TLS to a server.
    TlsOut(Box<client::TlsStream<BufferedStream>>),
}

/// Bytes sent and received by the client over the network.
#[derive(Debug, Default)]
pub(crate) struct WireCounts {
    sent: AtomicU64,
    received: AtomicU64,
}

/// A stream whose bytes are counted, and which ends when the proxy ends.
struct CountedStream<S> {
    stream: S,
    counts: Arc<WireCounts>,
    over: StopFuture,
}

impl WireCounts {
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }
}

impl BufferedStream {
    pub(crate) fn tcp(stream: TcpStream, counts: Arc<WireCounts>, stop: &StopToken) -> Self {
        Self::over(StreamKind::Tcp(CountedStream { stream, counts, over: stop.over() }), stop.limits.lease())
    }

    pub(crate) fn tunnel(stream: Upgraded, counts: Arc<WireCounts>, stop: &StopToken) -> Self {
        let stream = CountedStream { stream: TokioIo::new(stream), counts, over: stop.over() };
        Self::over(StreamKind::Tunnel(Box::new(stream)), stop.limits.lease())
    }

    pub(crate) fn tls(stream: server::TlsStream<Self>) -> Self {
        let lease = stream.get_ref().0.lease.another();
        Self::over(StreamKind::Tls(Box::new(stream)), lease)
    }

    pub(crate) fn tls_to_server(stream: client::TlsStream<Self>) -> Self {
        let lease = stream.get_ref().0.lease.another();
        Self::over(StreamKind::TlsOut(Box::new(stream)), lease)
    }

    fn over(wire: StreamKind, lease: ByteLease) -> Self {
        Self { wire, ahead: BytesMut::new(), step: FIRST_STEP, lease }
    }

    /// Whether there is memory to read more. Frees the memory of an empty large
    /// buffer.
    fn has_room(&mut self) -> bool {
        if self.ahead.len() > UNCOUNTED {
            return self.lease.grow_to(self.ahead.len() + self.step);
        }
        if self.ahead.is_empty() && self.ahead.capacity() > UNCOUNTED {
            self.ahead = BytesMut::new();
            self.lease.release();
        }
        true
    }

    /// Waits until there are bytes to read, without allocating a buffer: most
    /// connections are idle most of the time.
    pub(crate) async fn readable(&mut self) {
        if let StreamKind::Tcp(tcp) = &self.wire {
            // The readiness may be a false alarm, so `peek` checks it. An error
            // is reported by the next read.
            let _ = tcp.stream.peek(&mut [0]).await;
        }
    }

    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if !self.has_room() {
            return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
        }
        self.ahead.reserve(self.step);
        let filled = poll_read_buf(Pin::new(&mut self.wire), cx, &mut self.ahead);
        if matches!(filled, Poll::Ready(Ok(count)) if count >= self.step) {
            self.step = (self.step * 4).min(LAST_STEP);
        }
        filled
    }

    pub(crate) fn poll_write_some(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self).poll_write(cx, bytes)
    }

    pub(crate) fn poll_flush_all(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self).poll_flush(cx)
    }

    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self).poll_shutdown(cx)
    }

    /// Appends more bytes to the read buffer; returns 0 at the end of the
    /// stream.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        std::future::poll_fn(|cx| self.poll_fill(cx)).await
    }

    /// The same as [`Self::fill`] between requests: None when the proxy ends,
    /// after a last look for bytes that were sent before.
    pub(crate) async fn fill_unless_ending(&mut self, stop: &StopToken) -> Option<io::Result<usize>> {
        tokio::select! {
            biased;
            filled = self.fill() => return Some(filled),
            () = stop.ending() => {}
        }
        timeout(LAST_LOOK, self.fill()).await.ok()
    }
}

impl AsyncRead for BufferedStream {
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

impl AsyncWrite for BufferedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            StreamKind::Tcp(tcp) => Pin::new(tcp).poll_write(cx, buf),
            StreamKind::Tunnel(tunnel) => Pin::new(tunnel).poll_write(cx, buf),
            StreamKind::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
            StreamKind::TlsOut(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    /// Writes a frame's header and payload together, in one TLS record.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            StreamKind::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            StreamKind::Tunnel(tunnel) => Pin::new(tunnel).poll_write_vectored(cx, bufs),
            StreamKind::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
            StreamKind::TlsOut(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            StreamKind::Tcp(tcp) => Pin::new(&mut tcp.stream).poll_flush(cx),
            StreamKind::Tunnel(tunnel) => Pin::new(&mut tunnel.stream).poll_flush(cx),
            StreamKind::Tls(tls) => Pin::new(tls).poll_flush(cx),
            StreamKind::TlsOut(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            StreamKind::Tcp(tcp) => Pin::new(&mut tcp.stream).poll_shutdown(cx),
            StreamKind::Tunnel(tunnel) => Pin::new(&mut tunnel.stream).poll_shutdown(cx),
            StreamKind::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
            StreamKind::TlsOut(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

impl AsyncRead for StreamKind {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tunnel(tunnel) => Pin::new(tunnel).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
            Self::TlsOut(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl<S> CountedStream<S> {
    /// Counts the written bytes; fails once the proxy has ended.
    fn wrote(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending if self.over.poll(cx).is_ready() => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            Poll::Ready(Ok(count)) => {
                self.counts.received.fetch_add(count as u64, Relaxed);
                Poll::Ready(Ok(count))
            }
            other => other,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CountedStream<S> {
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

impl<S: AsyncWrite + Unpin> AsyncWrite for CountedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
