//! How a live command is told to end.

use tokio::signal::unix::{SignalKind, signal};

/// Resolves when the person ends it: Ctrl-C, or a signal to terminate.
pub async fn asked() {
    tokio::select! {
        () = of(SignalKind::interrupt()) => {}
        () = of(SignalKind::terminate()) => {}
        () = of(SignalKind::hangup()) => {}
    }
}

async fn of(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signals) => drop(signals.recv().await),
        // Without a handler the signal ends the program as it always did.
        Err(_) => std::future::pending().await,
    }
}
