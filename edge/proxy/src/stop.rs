//! How a proxy ends: first nothing new begins, then, after a while, nothing
//! goes on; and it is known when the last task has ended.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use crate::CommonLimits;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum StopStage {
    Running,
    /// Connections without an exchange under way end.
    Ending,
    /// Every wire ends.
    Over,
}

/// What each task holds. While one exists, the proxy has not ended.
#[derive(Clone, Debug)]
pub(crate) struct StopToken {
    /// What the wires of all tasks together may hold.
    pub(crate) limits: Arc<CommonLimits>,
    stage: watch::Receiver<StopStage>,
    _alive: mpsc::Sender<()>,
}

/// What the owner of the proxy holds.
#[derive(Debug)]
pub(crate) struct StopHandle {
    stage: watch::Sender<StopStage>,
    alive: mpsc::Receiver<()>,
}

/// Comes true when every wire has to end.
pub(crate) struct StopFuture {
    stage: watch::Receiver<StopStage>,
    wait: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
}

/// How long it may take until what was sent before the end is seen.
pub(crate) const LAST_LOOK: Duration = Duration::from_millis(50);

/// How long tasks may take to write down what they have, once nothing goes on.
const LAST_WORDS: Duration = Duration::from_secs(10);

pub(crate) fn stopper(limits: Arc<CommonLimits>) -> (StopHandle, StopToken) {
    let (stage, seen) = watch::channel(StopStage::Running);
    let (sender, alive) = mpsc::channel(1);
    (StopHandle { stage, alive }, StopToken { limits, stage: seen, _alive: sender })
}

impl StopHandle {
    /// Ends the proxy. When this returns, every task has ended.
    pub(crate) async fn stop(mut self, grace: Duration) {
        self.stage.send_replace(StopStage::Ending);
        if timeout(grace, self.alive.recv()).await.is_ok() {
            return;
        }
        self.stage.send_replace(StopStage::Over);
        // A sink that takes nothing any more must not hold up the program.
        let _ = timeout(LAST_WORDS, self.alive.recv()).await;
    }
}

impl StopToken {
    /// Comes true when nothing new shall begin.
    pub(crate) async fn ending(&self) {
        let mut stage = self.stage.clone();
        // An owner that is gone without a word has also stopped.
        let _ = stage.wait_for(|stage| *stage >= StopStage::Ending).await;
    }

    pub(crate) fn is_ending(&self) -> bool {
        *self.stage.borrow() >= StopStage::Ending || self.stage.has_changed().is_err()
    }

    pub(crate) fn over(&self) -> StopFuture {
        StopFuture { stage: self.stage.clone(), wait: None }
    }
}

impl StopFuture {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let wait = self.wait.get_or_insert_with(|| {
            let mut stage = self.stage.clone();
            Box::pin(async move {
                let _ = stage.wait_for(|stage| *stage == StopStage::Over).await;
            })
        });
        wait.as_mut().poll(cx)
    }
}
