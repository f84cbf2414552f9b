//! Phones, by way of the adb server on this machine.
//!
//! The server (`adb start-server`) holds the cable; programs ask it over a
//! socket on loopback. Of its protocol this is what Candor needs: which phones
//! there are, a command on one of them, a file onto it, a port of this machine
//! on it, and the settings by which a phone is sent through a proxy.
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
