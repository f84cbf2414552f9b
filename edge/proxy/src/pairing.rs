//! Which devices other than this machine may use the proxy.
//!
//! A device that is not paired gets a page that asks for a code, whatever page
//! it requested; the computer's screen shows the code. The proxy does nothing
//! else for the device: it looks up no name, contacts no server, and keeps
//! nothing that the device sends.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// After this many wrong codes, a device's further codes are ignored.
const MOST_TRIES: u32 = 5;
/// How many devices may be waiting for a code; a home network has fewer.
const MOST_ASKED: usize = 64;
/// Digits of a code. From `FEW_WRONG` wrong codes on a code has one more digit,
/// and another one for each further tenfold.
const SHORTEST_CODE: u32 = 6;
const LONGEST_CODE: u32 = 15;
const FEW_WRONG: u64 = 100;

/// Shows the user at the computer the code for a device.
pub type CodeDisplay = Box<dyn Fn(IpAddr, &str) + Send + Sync>;

/// The paired devices, and the devices that were asked for a code.
pub struct DevicePairing {
    devices: Mutex<PairedDevices>,
    tell: CodeDisplay,
}

#[derive(Default)]
struct PairedDevices {
    paired: HashSet<IpAddr>,
    asked: HashMap<IpAddr, PairingRequest>,
    /// How many devices were asked so far, and how many codes were wrong.
    askings: u64,
    wrong: u64,
}

struct PairingRequest {
    code: String,
    tries: u32,
    /// The number of this device in the order of asking.
    turn: u64,
}

/// The result of entering a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeResult {
    Paired,
    Wrong,
    /// The device has entered too many wrong codes.
    HeardNoMore,
    /// The device has no code: it was never asked, or newer devices took its
    /// place.
    NoCode,
}

impl fmt::Debug for DevicePairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pairing(..)")
    }
}

impl DevicePairing {
    /// Pairs these devices without a code; `tell` shows the codes of others to
    /// the user.
    pub fn new(named: impl IntoIterator<Item = IpAddr>, tell: CodeDisplay) -> Self {
        let paired = named.into_iter().map(|address| address.to_canonical()).collect();
        Self { devices: Mutex::new(PairedDevices { paired, ..PairedDevices::default() }), tell }
    }

    /// Whether a device may use the proxy. Programs on this machine always may.
    pub fn admits(&self, device: IpAddr) -> bool {
        let device = device.to_canonical();
        device.is_loopback() || self.devices().paired.contains(&device)
    }

    /// Called when a device was shown the page: shows the user the code.
    pub(crate) fn asks(&self, device: IpAddr) {
        let device = device.to_canonical();
        let told = self.devices().asks(device);
        if let Some(told) = told {
            (self.tell)(device, &told);
        }
    }

    /// Checks the code that a device entered. After a wrong code the device
    /// gets a new one.
    pub(crate) fn tries(&self, device: IpAddr, given: &str) -> CodeResult {
        let device = device.to_canonical();
        let (tried, told) = self.devices().tries(device, given);
        if let Some(told) = told {
            (self.tell)(device, &told);
        }
        tried
    }

    fn devices(&self) -> MutexGuard<'_, PairedDevices> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PairedDevices {
    /// A code for this device; None if it has one already.
    fn asks(&mut self, device: IpAddr) -> Option<String> {
        if self.asked.contains_key(&device) {
            return None;
        }
        let code = code(self.wrong)?;
        if self.asked.len() >= MOST_ASKED {
            let first = self.asked.iter().min_by_key(|(_, asked)| asked.turn).map(|(device, _)| *device);
            first.and_then(|first| self.asked.remove(&first));
        }
        self.askings += 1;
        self.asked.insert(device, PairingRequest { code: code.clone(), tries: 0, turn: self.askings });
        Some(code)
    }

    /// The result, and the new code if there is one.
    fn tries(&mut self, device: IpAddr, given: &str) -> (CodeResult, Option<String>) {
        let Some(asked) = self.asked.get_mut(&device) else { return (CodeResult::NoCode, None) };
        if asked.tries >= MOST_TRIES {
            return (CodeResult::HeardNoMore, None);
        }
        let given: String = given.chars().filter(char::is_ascii_digit).collect();
        if given == asked.code {
            self.asked.remove(&device);
            self.paired.insert(device);
            return (CodeResult::Paired, None);
        }
        asked.tries += 1;
        self.wrong += 1;
        let Some(next) = code(self.wrong).filter(|_| asked.tries < MOST_TRIES) else {
            asked.tries = MOST_TRIES;
            return (CodeResult::HeardNoMore, None);
        };
        asked.code.clone_from(&next);
        (CodeResult::Wrong, Some(next))
    }
}

/// A new code, after `wrong` wrong codes. None: the system has no random
/// numbers, so no device can be paired.
fn code(wrong: u64) -> Option<String> {
    let digits = digits(wrong);
    let number = getrandom::u64().ok()? % 10_u64.pow(digits);
    Some(format!("{number:0width$}", width = digits as usize))
}

fn digits(wrong: u64) -> u32 {
    let more = (wrong / FEW_WRONG).checked_ilog10().map_or(0, |tenfold| tenfold + 1);
    (SHORTEST_CODE + more).min(LONGEST_CODE)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    type Told = Arc<Mutex<Vec<String>>>;

    fn pairing() -> (DevicePairing, Told) {
        let told = Told::default();
        let all = Arc::clone(&told);
        let tell = move |_: IpAddr, code: &str| all.lock().unwrap().push(code.to_owned());
        (DevicePairing::new(["10.0.0.9".parse().unwrap()], Box::new(tell)), told)
    }

    const PHONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn this_machine_and_named_devices_need_no_code() {
        let (pairing, _) = pairing();
        for (device, admitted) in [("127.0.0.1", true), ("::1", true), ("::ffff:10.0.0.9", true), ("10.0.0.2", false)] {
            assert_eq!(pairing.admits(device.parse().unwrap()), admitted, "{device}");
        }
    }

    #[test]
    fn the_code_on_the_computers_screen_lets_a_device_in() {
        let (pairing, told) = pairing();
        pairing.asks(PHONE);
        pairing.asks(PHONE);
        let code = told.lock().unwrap().clone();
        assert_eq!(code.len(), 1);
        assert_eq!(pairing.tries(PHONE, &format!(" {} ", code[0])), CodeResult::Paired);
        assert!(pairing.admits(PHONE));
        assert!(!pairing.admits("10.0.0.3".parse().unwrap()));
    }

    #[test]
    fn a_code_is_good_for_one_try_and_a_device_for_five() {
        let (pairing, told) = pairing();
        pairing.asks(PHONE);
        let tried: Vec<CodeResult> = (0..6).map(|_| pairing.tries(PHONE, "no")).collect();
        assert_eq!(tried[..4], [CodeResult::Wrong; 4]);
        assert_eq!(tried[4..], [CodeResult::HeardNoMore; 2]);
        // Each wrong code made the previous code invalid.
        let first = told.lock().unwrap()[0].clone();
        let last = told.lock().unwrap().last().unwrap().clone();
        assert_eq!(told.lock().unwrap().len(), 5);
        assert_eq!(pairing.tries(PHONE, &first), CodeResult::HeardNoMore);
        assert_eq!(pairing.tries(PHONE, &last), CodeResult::HeardNoMore);
        assert!(!pairing.admits(PHONE));
    }

    #[test]
    fn a_device_that_was_shown_no_page_has_no_code() {
        let (pairing, _) = pairing();
        assert_eq!(pairing.tries(PHONE, "000000"), CodeResult::NoCode);
        assert!(!pairing.admits(PHONE));
    }

    fn stranger(number: u32) -> IpAddr {
        IpAddr::V4((0x0a01_0000 + number).into())
    }

    #[test]
    fn strangers_do_not_keep_a_device_from_being_paired() {
        for tries in [0, MOST_TRIES] {
            let (pairing, told) = pairing();
            for number in 0..MOST_ASKED as u32 * 2 {
                pairing.asks(stranger(number));
                for _ in 0..tries {
                    pairing.tries(stranger(number), "no");
                }
            }
            pairing.asks(PHONE);
            let code = told.lock().unwrap().last().unwrap().clone();
            assert_eq!(pairing.tries(PHONE, &code), CodeResult::Paired, "{tries} tries of each");
        }
    }

    #[test]
    fn a_device_that_made_room_for_others_may_ask_again() {
        let (pairing, told) = pairing();
        pairing.asks(PHONE);
        let first = told.lock().unwrap()[0].clone();
        (0..MOST_ASKED as u32).for_each(|number| pairing.asks(stranger(number)));
        assert_eq!(pairing.tries(PHONE, &first), CodeResult::NoCode);
        pairing.asks(PHONE);
        let code = told.lock().unwrap().last().unwrap().clone();
        assert_eq!(pairing.tries(PHONE, &code), CodeResult::Paired);
    }

    #[test]
    fn however_many_addresses_guess_none_has_a_chance() {
        // Each decade of attempts adds at most one in ten thousand to the
        // chance of a correct guess.
        for (wrong, length) in [(0, 6), (99, 6), (100, 7), (999, 7), (1_000, 8), (10_000, 9), (u64::MAX, 15)] {
            assert_eq!(digits(wrong), length, "{wrong}");
        }
        let (pairing, told) = pairing();
        for number in 0..MOST_ASKED as u32 {
            pairing.asks(stranger(number));
            for _ in 0..MOST_TRIES {
                pairing.tries(stranger(number), "000000");
            }
        }
        assert_eq!(told.lock().unwrap().last().unwrap().len(), 7);
    }
}
