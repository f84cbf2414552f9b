//! Joins two connections: passes bytes through unchanged if the proxy does not
//! decrypt or understand them.

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

/// One direction, until its source has ended and the end was passed to its
/// sink.
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

    /// Moves as many bytes as possible. True: this direction has ended.
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

/// Moves bytes in both directions until both have ended or one side has closed
/// the connection. After the first direction has ended, the second has `linger`
/// to finish. `look` sees all bytes.
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
    // If the second direction does not finish in time, it is dropped.
    let _ = timeout(linger, second).await;
}

/// Passes a connection through unread, and records that.
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
        // Encrypted bytes are not kept: a search for a value cannot find
        // anything in them.
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
