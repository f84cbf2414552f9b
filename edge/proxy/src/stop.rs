//! Stops a proxy in stages: first nothing new starts, then, after a while,
//! every connection ends. The owner learns when the last task has ended.

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
    /// Connections without an open exchange end.
    Ending,
    /// Every connection ends.
    Over,
}

/// Held by each task. The proxy has ended when the last token is dropped.
#[derive(Clone, Debug)]
pub(crate) struct StopToken {
    /// The memory limits of all connections.
    pub(crate) limits: Arc<CommonLimits>,
    stage: watch::Receiver<StopStage>,
    _alive: mpsc::Sender<()>,
}

/// Held by the owner of the proxy.
#[derive(Debug)]
pub(crate) struct StopHandle {
    stage: watch::Sender<StopStage>,
    alive: mpsc::Receiver<()>,
}

/// A future that is ready when every connection has to end.
pub(crate) struct StopFuture {
    stage: watch::Receiver<StopStage>,
    wait: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
}

/// How long to wait for bytes that were sent before the stop.
pub(crate) const LAST_LOOK: Duration = Duration::from_millis(50);

/// How long tasks may take for their last records after every connection has
/// ended.
const LAST_WORDS: Duration = Duration::from_secs(10);

pub(crate) fn stopper(limits: Arc<CommonLimits>) -> (StopHandle, StopToken) {
    let (stage, seen) = watch::channel(StopStage::Running);
    let (sender, alive) = mpsc::channel(1);
    (StopHandle { stage, alive }, StopToken { limits, stage: seen, _alive: sender })
}

impl StopHandle {
    /// Stops the proxy. When this returns, every task has ended, unless
    /// `LAST_WORDS` passed first.
    pub(crate) async fn stop(mut self, grace: Duration) {
        self.stage.send_replace(StopStage::Ending);
        if timeout(grace, self.alive.recv()).await.is_ok() {
            return;
        }
        self.stage.send_replace(StopStage::Over);
        // A sink that accepts nothing any more must not block the program.
        let _ = timeout(LAST_WORDS, self.alive.recv()).await;
    }
}

impl StopToken {
    /// Returns when nothing new may start.
    pub(crate) async fn ending(&self) {
        let mut stage = self.stage.clone();
        // An owner that dropped its handle has stopped the proxy, too.
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
