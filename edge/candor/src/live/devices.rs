//! Access of other devices in the network.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use gate::ActivityFeed;
use proxy::DevicePairing;

use super::doors;
use crate::exit::talk;

/// Which devices are let in.
#[derive(Clone, Debug, clap::Args)]
pub struct DeviceAdmission {
    /// Let the device at this address in without a code (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    paired: Vec<IpAddr>,
}

impl DeviceAdmission {
    /// Whether an option lets devices in without a code.
    pub fn are_named(&self) -> bool {
        !self.paired.is_empty()
    }

    /// The pairing of devices, if another machine can connect to one of `doors`. Its
    /// codes are printed here and, if there is one, shown on the page.
    pub fn pairing(&self, doors: &[SocketAddr], page: Option<Arc<ActivityFeed>>) -> Option<Arc<DevicePairing>> {
        if doors.iter().all(|door| doors::is_inside(door.ip())) {
            return None;
        }
        let tell = move |device: IpAddr, code: &str| {
            talk(&format!("  the device at {device} asks to be let in; its code is {code}"));
            if let Some(board) = &page {
                board.asks_for(&device.to_string(), code);
            }
        };
        Some(Arc::new(DevicePairing::new(self.paired.iter().copied(), Box::new(tell))))
    }
}
