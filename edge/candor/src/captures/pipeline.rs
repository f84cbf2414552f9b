//! Processes steps in parallel, and keeps their order.
//!
//! One thread produces the steps, workers process them, and the results are taken
//! in the order of the steps.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread,
};

use super::{ReadResult, ReadStep};

/// Batches in progress for each worker.
const AHEAD: usize = 3;
/// Bytes and steps at which a batch is full.
const BATCH: usize = 256 << 10;
const STEPS: usize = 128;

type RecordSink<'e> = dyn FnMut(ReadStep) -> ControlFlow<()> + 'e;

/// Processes `steps` on `jobs` threads and gives the results to `take`. `hand` makes
/// the processing function of each thread.
pub(super) fn run<W: FnMut(ReadStep) -> ReadResult>(
    jobs: usize,
    steps: &mut (dyn FnMut(&mut RecordSink<'_>) + Send),
    hand: &(impl Fn() -> W + Sync),
    take: &mut dyn FnMut(ReadResult),
) {
    if jobs <= 1 {
        let mut work = hand();
        return steps(&mut |step| {
            take(work(step));
            ControlFlow::Continue(())
        });
    }
    // A token limits the batches in progress: it is free again when the batch was taken.
    let (pay, tokens) = sync_channel::<()>(jobs * AHEAD);
    let (give, batches) = sync_channel::<ExchangeBatch<ReadStep>>(jobs * AHEAD);
    let (done, finished) = channel::<ExchangeBatch<ReadResult>>();
    let batches = Mutex::new(batches);
    thread::scope(|scope| {
        scope.spawn(move || cut(steps, &pay, &give));
        for _ in 0..jobs {
            let (done, batches) = (done.clone(), &batches);
            scope.spawn(move || labour(batches, hand(), &done));
        }
        drop(done);
        collect(&finished, &tokens, take);
    });
}

struct ExchangeBatch<T> {
    number: u64,
    all: Vec<T>,
}

fn cut(steps: &mut dyn FnMut(&mut RecordSink<'_>), pay: &SyncSender<()>, give: &SyncSender<ExchangeBatch<ReadStep>>) {
    let (mut batch, mut bytes, mut number) = (Vec::new(), 0, 0);
    let mut send = |all: Vec<ReadStep>| {
        let sent = pay.send(()).is_ok() && give.send(ExchangeBatch { number, all }).is_ok();
        number += 1;
        if sent { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    steps(&mut |step| {
        bytes += step.size();
        batch.push(step);
        if bytes < BATCH && batch.len() < STEPS {
            return ControlFlow::Continue(());
        }
        bytes = 0;
        send(std::mem::take(&mut batch))
    });
    let _ = send(batch);
}

fn labour(
    batches: &Mutex<Receiver<ExchangeBatch<ReadStep>>>,
    mut work: impl FnMut(ReadStep) -> ReadResult,
    done: &Sender<ExchangeBatch<ReadResult>>,
) {
    loop {
        let Ok(next) = batches.lock().map(|batches| batches.recv()) else { return };
        let Ok(ExchangeBatch { number, all }) = next else { return };
        let all = all.into_iter().map(&mut work).collect();
        if done.send(ExchangeBatch { number, all }).is_err() {
            return;
        }
    }
}

fn collect(finished: &Receiver<ExchangeBatch<ReadResult>>, tokens: &Receiver<()>, take: &mut dyn FnMut(ReadResult)) {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for ExchangeBatch { number, all } in finished {
        early.insert(number, all);
        while let Some(all) = early.remove(&next) {
            all.into_iter().for_each(&mut *take);
            let _ = tokens.try_recv();
            next += 1;
        }
    }
}
