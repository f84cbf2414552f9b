//! Phones, through the adb server on this machine.
//!
//! The server (`adb start-server`) holds the connection to the phone; programs talk
//! to it over loopback. This crate implements what Candor needs of its protocol: list
//! phones, run a command, push a file, forward a port, and change the settings that
//! send a phone through a proxy.
#![forbid(unsafe_code)]

mod server;

mod phone;

mod proxied;

mod wire;

mod error;

pub use error::Error;
pub use phone::{CommandOutput, Phone};
pub use proxied::{PendingUndo, PhoneRedirect, UndoJournal};
pub use server::{AdbDevice, AdbServer};
