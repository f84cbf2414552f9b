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

/// Lets a file that may grow no more be an error of writing it, as a full disk is, instead of the end of the program.
/// To be called in a runtime, once.
pub fn survive_full_files() {
    let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    // The handler stays when nobody listens to it any more.
    drop(signal(kind));
}

async fn of(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signals) => drop(signals.recv().await),
        // Without a handler the signal ends the program as it always did.
        Err(_) => std::future::pending().await,
    }
}
