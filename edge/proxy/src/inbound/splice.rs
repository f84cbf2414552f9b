//! Two wires made one: what is not opened, or not understood, passes as it came.

use std::{
    future::poll_fn,
    task::{Context, Poll},
    time::Duration,
};

use model::{Direction, SealReason};
use tokio::time::timeout;

use crate::{
    exchange::body_pump::BodyPump, exchange::captured_body::CapturedBody,
    exchange::connection_context::ConnectionContext, exchange::target::ConnectionTarget,
    inbound::stream::BufferedStream,
};

/// One direction, until its source has ended and its sink was told so.
struct SpliceSide {
    pump: BodyPump,
    state: SpliceState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SpliceState {
    Open,
    Closing,
    Done,
    Broken,
}

impl SpliceSide {
    fn new() -> Self {
        Self { pump: BodyPump::new(), state: SpliceState::Open }
    }

    /// Goes on as far as it can. True: it is over.
    fn advance(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut BufferedStream,
        sink: &mut BufferedStream,
        look: &mut impl FnMut(&[u8]),
    ) -> bool {
        if self.state == SpliceState::Open {
            self.state = match self.pump.everything(cx, source, sink, &mut *look) {
                Poll::Pending => SpliceState::Open,
                Poll::Ready(Ok(())) => SpliceState::Closing,
                Poll::Ready(Err(_)) => SpliceState::Broken,
            };
        }
        if self.state == SpliceState::Closing {
            self.state = match sink.poll_close(cx) {
                Poll::Pending => SpliceState::Closing,
                Poll::Ready(Ok(())) => SpliceState::Done,
                Poll::Ready(Err(_)) => SpliceState::Broken,
            };
        }
        matches!(self.state, SpliceState::Done | SpliceState::Broken)
    }
}

/// Moves bytes both ways until both sides are done or one has gone; the second
/// has `linger` to finish once the first is done. Shows everything to `look`.
pub(crate) async fn both_ways(
    client: &mut BufferedStream,
    server: &mut BufferedStream,
    linger: Duration,
    mut look: impl FnMut(Direction, &[u8]),
) {
    let (mut up, mut down) = (SpliceSide::new(), SpliceSide::new());
    let mut advance = |cx: &mut Context<'_>, enough: usize| {
        let up_over = up.advance(cx, client, server, &mut |bytes| look(Direction::FromClient, bytes));
        let down_over = down.advance(cx, server, client, &mut |bytes| look(Direction::FromServer, bytes));
        let broken = up.state == SpliceState::Broken || down.state == SpliceState::Broken;
        let over = usize::from(up_over) + usize::from(down_over);
        if broken || over >= enough { Poll::Ready(()) } else { Poll::Pending }
    };
    poll_fn(|cx| advance(cx, 1)).await;
    let second = poll_fn(|cx| advance(cx, 2));
    // Whoever does not finish has had its time.
    let _ = timeout(linger, second).await;
}

/// Passes a connection through unread, and writes down that it was.
pub(crate) async fn untouched(
    mut client: BufferedStream,
    mut server: BufferedStream,
    link: &ConnectionContext,
    place: &ConnectionTarget,
    reason: SealReason,
    says: &str,
) {
    let mut said = CapturedBody::new(link.settings().body_limit);
    if link.may_go_on(place, reason, says) {
        // Ciphertext is of no use to anybody who looks for a value.
        let is_wanted = reason == SealReason::UnknownProtocol;
        let keep = |direction, bytes: &[u8]| {
            if is_wanted && direction == Direction::FromClient {
                said.add(bytes);
            }
        };
        both_ways(&mut client, &mut server, link.settings().idle, keep).await;
    }
    link.seal_with(place, reason, says, said.whole()).await;
}
