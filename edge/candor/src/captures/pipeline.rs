//! Many hands, one order.
//!
//! Steps come up one after the other, are worked on by any thread, and are
//! taken in the order in which they came up.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread,
};

use super::{Done, Step};

/// So many batches may be on their way for each worker.
const AHEAD: usize = 3;
/// A batch is full at so many bytes, or so many steps.
const BATCH: usize = 256 << 10;
const STEPS: usize = 128;

type Each<'e> = dyn FnMut(Step) -> ControlFlow<()> + 'e;

/// Runs `steps` through the work of `hand` and into `take`, on `jobs` threads,
/// each with a hand of its own.
pub(super) fn run<W: FnMut(Step) -> Done>(
    jobs: usize,
    steps: &mut (dyn FnMut(&mut Each<'_>) + Send),
    hand: &(impl Fn() -> W + Sync),
    take: &mut dyn FnMut(Done),
) {
    if jobs <= 1 {
        let mut work = hand();
        return steps(&mut |step| {
            take(work(step));
            ControlFlow::Continue(())
        });
    }
    // A batch costs a token, which comes back when the batch was taken.
    let (pay, tokens) = sync_channel::<()>(jobs * AHEAD);
    let (give, batches) = sync_channel::<Batch<Step>>(jobs * AHEAD);
    let (done, finished) = channel::<Batch<Done>>();
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

struct Batch<T> {
    number: u64,
    all: Vec<T>,
}

fn cut(steps: &mut dyn FnMut(&mut Each<'_>), pay: &SyncSender<()>, give: &SyncSender<Batch<Step>>) {
    let (mut batch, mut bytes, mut number) = (Vec::new(), 0, 0);
    let mut send = |all: Vec<Step>| {
        let sent = pay.send(()).is_ok() && give.send(Batch { number, all }).is_ok();
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

fn labour(batches: &Mutex<Receiver<Batch<Step>>>, mut work: impl FnMut(Step) -> Done, done: &Sender<Batch<Done>>) {
    loop {
        let Ok(next) = batches.lock().map(|batches| batches.recv()) else { return };
        let Ok(Batch { number, all }) = next else { return };
        let all = all.into_iter().map(&mut work).collect();
        if done.send(Batch { number, all }).is_err() {
            return;
        }
    }
}

fn collect(finished: &Receiver<Batch<Done>>, tokens: &Receiver<()>, take: &mut dyn FnMut(Done)) {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for Batch { number, all } in finished {
        early.insert(number, all);
        while let Some(all) = early.remove(&next) {
            all.into_iter().for_each(&mut *take);
            let _ = tokens.try_recv();
            next += 1;
        }
    }
}
