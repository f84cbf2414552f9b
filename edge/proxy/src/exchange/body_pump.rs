//! Bytes from one wire to another, looked at on the way.
//!
//! What was read is written from where it lies, and the next is read only when
//! it is gone: memory is bounded by one buffer, and a slow reader slows the
//! writer. Both directions of an exchange go on at once in one task.

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
    /// Bytes in front of the source that are to be written.
    ready: usize,
    /// Bytes behind those that go nowhere.
    leave_out: usize,
    flushed: bool,
}

/// How a direction ended, where it did not end well.
#[derive(Debug)]
pub(crate) enum PumpEnd {
    /// The side that is read from has gone.
    Source,
    /// The side that is written to has gone.
    Sink,
    /// The source breaks the rules of its protocol.
    Bad(BadMessage),
}

impl BodyPump {
    pub(crate) fn new() -> Self {
        Self::with(WalkedBytes::default())
    }

    /// One whose source has these bytes in front.
    pub(crate) fn with(WalkedBytes { pass, leave_out }: WalkedBytes) -> Self {
        Self { ready: pass, leave_out, flushed: true }
    }

    /// Moves a body until it is over.
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

    /// Moves whatever comes, and shows it to `look`, until the source ends.
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

    /// Reads more; before that it must have left what was written.
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
