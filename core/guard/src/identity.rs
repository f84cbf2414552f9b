//! Who sends a request, as choices tell clients apart.

use model::Mode;

/// A device, the program on it if that is known, and the mode that it is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientIdentity {
    /// What the device is known by: its address, or the name it was paired by.
    pub device: String,
    /// The program's name; only known on this machine.
    pub program: Option<String>,
    pub mode: Mode,
    /// Owners that made the device or the program: what goes to them is a report.
    pub makers: Vec<String>,
}

impl ClientIdentity {
    pub fn new(device: impl Into<String>, mode: Mode) -> Self {
        Self { device: device.into(), program: None, mode, makers: Vec::new() }
    }

    /// Whether this owner made the device or the program.
    pub fn is_made_by(&self, owner: &str) -> bool {
        self.makers.iter().any(|maker| maker.eq_ignore_ascii_case(owner))
    }
}
