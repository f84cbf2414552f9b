//! Moves bytes from one stream to another and reads them on the way.
//!
//! Bytes are written straight from the read buffer, and more bytes are read
//! only when the buffer is written: one buffer bounds the memory, and a slow
//! reader slows the writer. Both directions of an exchange run in one task.

use std::{
    io,
    task::{Context, Poll, ready},
};

use bytes::Buf;

use crate::{
    exchange::captured_body::CapturedBody,
    http1::body::{BodyWalk, WalkedBytes},
    http1::head::BadMessage,
    inbound::stream::BufferedStream,
};

/// One direction of an exchange.
pub(crate) struct BodyPump {
    /// Bytes at the front of the source that are still to be written.
    ready: usize,
    /// Bytes after those that are dropped and not written.
    leave_out: usize,
    flushed: bool,
}

/// Why one direction failed.
#[derive(Debug)]
pub(crate) enum PumpEnd {
    /// The stream that is read from was closed.
    Source,
    /// The stream that is written to was closed.
    Sink,
    /// The source breaks the rules of its protocol.
    Bad(BadMessage),
}

impl BodyPump {
    pub(crate) fn new() -> Self {
        Self::with(WalkedBytes::default())
    }

    /// A pump whose source has these bytes in its buffer.
    pub(crate) fn with(WalkedBytes { pass, leave_out }: WalkedBytes) -> Self {
        Self { ready: pass, leave_out, flushed: true }
    }

    /// Moves a body to its end.
    pub(crate) fn body(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut BufferedStream,
        sink: &mut BufferedStream,
        walk: &mut BodyWalk,
        part: &mut CapturedBody,
    ) -> Poll<Result<(), PumpEnd>> {
        loop {
            ready!(self.write(cx, source, sink))?;
            if walk.is_done() {
                return self.flush(cx, sink);
            }
            let walked = walk.take(&source.ahead, part).map_err(PumpEnd::Bad)?;
            if walked == WalkedBytes::default() {
                match self.read(cx, source, sink)? {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(0) if walk.ends_with_connection() => return self.flush(cx, sink),
                    Poll::Ready(0) => return Poll::Ready(Err(PumpEnd::Source)),
                    Poll::Ready(_) => {}
                }
            }
            (self.ready, self.leave_out) = (walked.pass, walked.leave_out);
        }
    }

    /// Moves all bytes until the source ends, and shows them to `look`.
    pub(crate) fn everything(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut BufferedStream,
        sink: &mut BufferedStream,
        mut look: impl FnMut(&[u8]),
    ) -> Poll<Result<(), PumpEnd>> {
        loop {
            ready!(self.write(cx, source, sink))?;
            if source.ahead.is_empty() {
                match self.read(cx, source, sink)? {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(0) => return self.flush(cx, sink),
                    Poll::Ready(_) => {}
                }
            }
            look(&source.ahead);
            self.ready = source.ahead.len();
        }
    }

    fn write(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut BufferedStream,
        sink: &mut BufferedStream,
    ) -> Poll<Result<(), PumpEnd>> {
        while self.ready > 0 {
            let written = ready!(sink.poll_write_some(cx, &source.ahead[..self.ready]));
            match written {
                Ok(0) | Err(_) => return Poll::Ready(Err(PumpEnd::Sink)),
                Ok(count) => {
                    source.ahead.advance(count);
                    self.ready -= count;
                    self.flushed = false;
                }
            }
        }
        source.ahead.advance(std::mem::take(&mut self.leave_out));
        Poll::Ready(Ok(()))
    }

    /// Reads more bytes. If none are there yet, it first flushes what was
    /// written.
    fn read(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut BufferedStream,
        sink: &mut BufferedStream,
    ) -> Result<Poll<usize>, PumpEnd> {
        let filled = source.poll_fill(cx);
        if filled.is_pending() && self.flush(cx, sink)?.is_pending() {
            return Ok(Poll::Pending);
        }
        match filled {
            Poll::Pending => Ok(Poll::Pending),
            Poll::Ready(Ok(count)) => Ok(Poll::Ready(count)),
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Poll::Ready(0)),
            Poll::Ready(Err(_)) => Err(PumpEnd::Source),
        }
    }

    fn flush(&mut self, cx: &mut Context<'_>, sink: &mut BufferedStream) -> Poll<Result<(), PumpEnd>> {
        if !self.flushed {
            ready!(sink.poll_flush_all(cx)).map_err(|_| PumpEnd::Sink)?;
            self.flushed = true;
        }
        Poll::Ready(Ok(()))
    }
}
