//! Errors of adb and of the phone.

use std::io;

/// An act that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("no adb server answers on {0}; start one with `adb start-server` (Debian: apt install adb)")]
    NoServer(String, #[source] io::Error),
    #[error("the adb server hung up")]
    Wire(#[source] io::Error),
    #[error("adb says: {0}")]
    Refused(String),
    #[error("the adb server said something that was not understood")]
    Strange,
    #[error("no phone is connected, or none that has allowed this computer; `adb devices` lists them")]
    NoPhone,
    #[error("more than one phone is connected: name one of {0}")]
    ManyPhones(String),
    #[error("the phone {0} is {1}; unlock it and allow this computer")]
    NotReady(String, String),
    #[error("what is to be undone on the phone could not be written down")]
    NotWritten(#[source] io::Error),
    #[error("on the phone, `{0}` failed: {1}")]
    Command(String, String),
}
