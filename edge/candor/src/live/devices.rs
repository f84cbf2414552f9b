//! Devices beyond this machine: who is let in.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use proxy::Pairing;

use super::doors;
use crate::exit::talk;

/// Which devices are let in.
#[derive(Clone, Debug, clap::Args)]
pub struct Devices {
    /// Let the device at this address in without a code (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    paired: Vec<IpAddr>,
}

impl Devices {
    /// Who decides that, where anybody but this machine can come in.
    pub fn pairing(&self, doors: &[SocketAddr]) -> Option<Arc<Pairing>> {
        if doors.iter().all(|door| doors::is_inside(door.ip())) {
            return None;
        }
        let tell = |device: IpAddr, code: &str| {
            talk(&format!("  the device at {device} asks to be let in; its code is {code}"))
        };
        Some(Arc::new(Pairing::new(self.paired.iter().copied(), Box::new(tell))))
    }
}
