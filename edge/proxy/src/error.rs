//! Errors of the proxy itself: something it needs from the system failed.
//!
//! Traffic causes no error here: the proxy records what a client or a server
//! does wrong.

use std::io;

/// An act of the proxy that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot make or read the certificate authority")]
    Authority(#[source] rcgen::Error),
    #[error("cannot use the key of a certificate: {0}")]
    Key(&'static str),
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
    #[error("the system gave no random bytes: {0}")]
    Random(getrandom::Error),
    #[error("cannot use the socket that was handed in")]
    Socket(#[source] io::Error),
}
