//! Signals that end a live command.

use tokio::signal::unix::{SignalKind, signal};

/// Resolves on Ctrl-C (SIGINT) or SIGTERM.
pub async fn asked() {
    tokio::select! {
        () = of(SignalKind::interrupt()) => {}
        () = of(SignalKind::terminate()) => {}
        () = of(SignalKind::hangup()) => {}
    }
}

/// Handles SIGXFSZ, so that a write beyond the file size limit fails like one on a
/// full disk, and does not end the program. Must be called in a runtime, once.
pub fn survive_full_files() {
    let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    // Tokio keeps the handler after the listener is dropped.
    drop(signal(kind));
}

async fn of(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signals) => drop(signals.recv().await),
        // Without a handler the signal ends the program by default.
        Err(_) => std::future::pending().await,
    }
}
