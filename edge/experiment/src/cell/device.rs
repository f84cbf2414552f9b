//! The simulated machine on which a subject runs.
//!
//! An identifier that survives a reinstall may be derived from the machine. To
//! find out, Candor simulates several; the same number always gives the same one.

use model::Canary;

/// The values by which a program can recognise the machine again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellDevice {
    pub number: u32,
    pub hostname: String,
    /// As in machine-id(5): 32 hexadecimal digits.
    pub machine_id: String,
    pub mac: String,
}

impl CellDevice {
    /// Device `number` of the run with this seed.
    pub fn numbered(seed: u64, number: u32) -> Self {
        let mut state = seed ^ (u64::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (high, low, card) = (next(&mut state), next(&mut state), next(&mut state).to_be_bytes());
        // A random 128-bit id with the version bits that systemd sets.
        let id = (u128::from(high) << 64 | u128::from(low)) & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
        Self {
            number,
            hostname: format!("debian-{:04x}", next(&mut state) & 0xffff),
            machine_id: format!("{id:032x}"),
            mac: format!("02:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", card[0], card[1], card[2], card[3], card[4]),
        }
    }
}

impl CellDevice {
    /// Canaries for the values of this machine: only a program that runs on it
    /// knows them.
    pub(crate) fn canaries(&self) -> Vec<Canary> {
        let values = [("host-name", &self.hostname), ("machine-id", &self.machine_id), ("card", &self.mac)];
        let canary = |(name, value): (&str, &String)| {
            Canary::new(format!("device-{}.{name}", self.number), "device-id", value.as_str())
        };
        values.map(canary).to_vec()
    }
}

/// SplitMix64: small, and the same everywhere.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_is_the_same_machine_and_another_number_another() {
        assert_eq!(CellDevice::numbered(7, 0), CellDevice::numbered(7, 0));
        let (one, two) = (CellDevice::numbered(7, 0), CellDevice::numbered(7, 1));
        assert!(one.machine_id != two.machine_id && one.hostname != two.hostname && one.mac != two.mac);
        assert_eq!(one.machine_id.len(), 32);
    }
}
