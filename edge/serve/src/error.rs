//! Errors of the pages.

use std::{io, net::SocketAddr, path::PathBuf};

/// The operation that failed, and its object.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the pages cannot be served on a socket without an address")]
    Socket(#[source] io::Error),
    #[error("{0} can be reached from other machines: the pages stay on this one unless asked")]
    BeyondThisMachine(SocketAddr),
    #[error("no certificate can be read in what was given as one")]
    Certificate,
    #[error("cannot copy the evidence to {0}")]
    Copy(PathBuf, #[source] io::Error),
    #[error("the evidence")]
    Evidence(#[from] evidence::Error),
    #[error("cannot keep who was let in")]
    LetIn(#[from] gate::Error),
    #[error("this machine gives no random numbers")]
    Random,
}
