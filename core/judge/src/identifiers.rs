//! Identifiers, found by variation and not by name.
//!
//! A value is an identifier of an install if it is the same in two sessions of the install, which
//! use different canaries, and different in at least three installs. A value that is the same in
//! all installs is a constant. A value that is new in each session is a session id. Neither
//! distinguishes one person from another.

use std::collections::{BTreeMap, BTreeSet};

use model::{Exchange, Leaf, Trail};

use crate::{
    SightingContext,
    fields::is_clock,
    places::{digest, place_of},
};

/// A value that names an install or a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier {
    pub host: String,
    /// The place of the value; `[*]` stands for any position in a list.
    pub place: String,
    pub scope: IdentifierScope,
    /// Exchanges that carry the identifier, with its trail in each.
    pub exchanges: Vec<(u64, Trail)>,
    /// The same exchanges, grouped by value.
    pub alike: Vec<Vec<u64>>,
    /// Number of installs in which such a value was found.
    pub installs: usize,
}

/// Whether an identifier belongs to an install or to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdentifierScope {
    /// The same until the subject is reinstalled.
    Persistent,
    /// The same across reinstalls, different between devices.
    Device,
    /// A long value that is the same in every install, in a run with only one device. It is either
    /// an id of the device or a constant of the program.
    DeviceOrConstant,
}

impl Identifier {
    /// The host name that stands for all visited sites.
    pub const VISITED_SITES: &str = "every visited site";

    /// Whether the request of a sighting carries this identifier. Only sightings of a trial can
    /// match: another capture has exchanges with the same numbers.
    pub fn stands_beside(&self, seen: &SightingContext) -> bool {
        seen.trial.is_some() && self.exchanges.iter().any(|(exchange, _)| *exchange == seen.sighting.exchange)
    }
}

impl IdentifierScope {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Persistent => "persistent",
            Self::Device => "device",
            Self::DeviceOrConstant => "device-or-constant",
        }
    }
}

/// The values at each place, by install and session.
#[derive(Clone, Debug, Default)]
pub struct IdentifierTable {
    places: BTreeMap<(String, String), IdentifierPlace>,
}

#[derive(Clone, Debug, Default)]
struct IdentifierPlace {
    /// (install, session) → digests of values.
    values: BTreeMap<(u32, u32), BTreeSet<u64>>,
    devices: BTreeMap<u32, u32>,
    /// Digests of the long values.
    long: BTreeSet<u64>,
    stands: BTreeMap<u64, Vec<(u64, Trail)>>,
}

/// The install, session and device in which a value was sent.
#[derive(Clone, Copy, Debug)]
pub struct IdentifierCircumstances {
    pub install: u32,
    pub session: u32,
    pub device: u32,
}

/// Values that are kept for one place in one session; a place with more is not one of identifiers.
const VALUES: usize = 256;

/// Longest identifier, in bytes; a longer value is content.
const LONGEST: usize = 512;

impl IdentifierTable {
    /// Takes a value of an exchange. `planted` are the run's canaries: values that contain them are
    /// not identifiers.
    pub fn see(&mut self, exchange: &Exchange, leaf: &Leaf<'_>, when: IdentifierCircumstances, planted: &[&str]) {
        self.see_at(exchange.host(), exchange, leaf, when, planted);
    }

    /// Takes a value of an exchange, under another host name: several hosts may count as one.
    pub fn see_at(
        &mut self,
        host: &str,
        exchange: &Exchange,
        leaf: &Leaf<'_>,
        when: IdentifierCircumstances,
        planted: &[&str],
    ) {
        if leaf.weak || !could_identify(leaf.value) || is_explained(leaf.value, planted) {
            return;
        }
        let trail = leaf.route.trail();
        let key = (host.to_owned(), place_of(&trail));
        let place = self.places.entry(key).or_default();
        place.devices.insert(when.install, when.device);
        let known = place.values.entry((when.install, when.session)).or_default();
        if known.len() < VALUES {
            let digest = digest(leaf.value);
            known.insert(digest);
            if is_long(leaf.value) {
                place.long.insert(digest);
            }
            let stands = place.stands.entry(digest).or_default();
            if stands.len() < VALUES {
                stands.push((exchange.index, trail));
            }
        }
    }

    /// The identifiers, in a fixed order.
    pub fn found(&self) -> Vec<Identifier> {
        let mut found: Vec<Identifier> =
            self.places.iter().filter_map(|((host, name), place)| place.identifier(host, name)).collect();
        keep_innermost(&mut found);
        found
    }
}

impl IdentifierPlace {
    fn identifier(&self, host: &str, name: &str) -> Option<Identifier> {
        let installs: BTreeSet<u32> = self.values.keys().map(|(install, _)| *install).collect();
        let lasting: BTreeMap<u32, BTreeSet<u64>> =
            installs.iter().map(|install| (*install, self.lasting(*install))).collect();
        let own: Vec<(u32, BTreeSet<u64>)> = lasting
            .iter()
            .map(|(install, values)| {
                (*install, values.iter().copied().filter(|v| self.is_only_in(*install, *v)).collect())
            })
            .filter(|(_, values): &(u32, BTreeSet<u64>)| !values.is_empty())
            .collect();
        let (scope, values, installs) = if own.len() >= 3 {
            (IdentifierScope::Persistent, own.iter().flat_map(|(_, values)| values.clone()).collect(), own.len())
        } else if let Some(values) = self.of_devices(&lasting) {
            (IdentifierScope::Device, values, installs.len())
        } else {
            (IdentifierScope::DeviceOrConstant, self.constant(&lasting)?, installs.len())
        };
        let values: BTreeSet<u64> = values;
        let alike = values.iter().filter_map(|value| self.stands.get(value)).map(|stands| positions(stands)).collect();
        let mut exchanges: Vec<(u64, Trail)> =
            values.iter().filter_map(|value| self.stands.get(value)).flatten().cloned().collect();
        exchanges.sort();
        exchanges.dedup();
        Some(Identifier { host: host.into(), place: name.into(), scope, exchanges, alike, installs })
    }

    /// Values that occur in at least two sessions of an install.
    fn lasting(&self, install: u32) -> BTreeSet<u64> {
        let sessions: Vec<&BTreeSet<u64>> =
            self.values.iter().filter(|((one, _), _)| *one == install).map(|(_, values)| values).collect();
        let all: BTreeSet<u64> = sessions.iter().flat_map(|values| values.iter().copied()).collect();
        all.into_iter().filter(|value| sessions.iter().filter(|values| values.contains(value)).count() >= 2).collect()
    }

    fn is_only_in(&self, install: u32, value: u64) -> bool {
        self.values.iter().all(|((other, _), values)| *other == install || !values.contains(&value))
    }

    /// Long values that are the same in at least three installs, in a run with only one device.
    fn constant(&self, lasting: &BTreeMap<u32, BTreeSet<u64>>) -> Option<BTreeSet<u64>> {
        let devices: BTreeSet<u32> = self.devices.values().copied().collect();
        let mut common = lasting.values().next()?.clone();
        lasting.values().for_each(|values| common.retain(|value| values.contains(value)));
        common.retain(|value| self.long.contains(value));
        (devices.len() == 1 && lasting.len() >= 3 && !common.is_empty()).then_some(common)
    }

    /// Values that are the same in every install of a device, and in none of another device. Needs
    /// two devices, and two installs on one of them.
    fn of_devices(&self, lasting: &BTreeMap<u32, BTreeSet<u64>>) -> Option<BTreeSet<u64>> {
        let devices: BTreeSet<u32> = self.devices.values().copied().collect();
        let mut values = BTreeSet::new();
        let mut reinstalled = false;
        for device in &devices {
            let installs: Vec<u32> =
                self.devices.iter().filter(|(_, on)| *on == device).map(|(install, _)| *install).collect();
            let mut common = lasting.get(installs.first()?)?.clone();
            for install in &installs[1..] {
                common = common.intersection(lasting.get(install)?).copied().collect();
            }
            reinstalled |= installs.len() > 1;
            common.retain(|value| {
                self.values.iter().all(|((i, _), v)| self.devices.get(i) == Some(device) || !v.contains(value))
            });
            if common.is_empty() {
                return None;
            }
            values.extend(common);
        }
        (devices.len() >= 2 && reinstalled).then_some(values)
    }
}

/// Whether a value is as long as a random identifier: 64 bits or more, with letters and digits
/// mixed.
fn is_long(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return value.len() >= 8 };
    let token = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+/=.:{}".contains(&byte));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    token && text.len() >= 16 && digits >= 4 && (letters >= 4 || digits >= 20)
}

fn positions(stands: &[(u64, Trail)]) -> Vec<u64> {
    let exchanges: BTreeSet<u64> = stands.iter().map(|(exchange, _)| *exchange).collect();
    exchanges.into_iter().collect()
}

/// Whether a value has enough variety for an identifier. Paths, versions and clocks are excluded.
fn could_identify(value: &[u8]) -> bool {
    if !(4..=LONGEST).contains(&value.len()) {
        return false;
    }
    let Ok(text) = std::str::from_utf8(value) else { return true };
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.len() >= 10 && !is_clock(text);
    }
    let is_version = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_' | b' ' | b':'));
    let different = text.bytes().collect::<BTreeSet<u8>>().len();
    !is_version && text.len() >= 6 && different >= 4 && !text.starts_with('/')
}

fn is_explained(value: &[u8], planted: &[&str]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    planted.iter().any(|canary| text.contains(canary) || (text.len() >= 6 && canary.contains(text)))
}

/// Drops an identifier if each of its values only wraps another identifier: both are the same.
fn keep_innermost(found: &mut Vec<Identifier>) {
    let inner: Vec<(String, Vec<(u64, Trail)>)> =
        found.iter().map(|identifier| (identifier.host.clone(), identifier.exchanges.clone())).collect();
    found.retain(|outer| {
        !inner.iter().any(|(host, exchanges)| {
            *host == outer.host
                && outer
                    .exchanges
                    .iter()
                    .all(|(index, trail)| exchanges.iter().any(|(i, t)| i == index && t != trail && trail.leads_to(t)))
        })
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{Body, IngressKind, LayerPlace as At, Request, Route, Time};

    use super::*;

    fn exchange(index: u64) -> Exchange {
        Exchange {
            index,
            trial: Some(1),
            connection: 1,
            started: Time(0),
            ended: None,
            inlet: IngressKind::Proxy,
            client: Arc::default(),
            request: Request {
                method: "POST".into(),
                url: "https://c.example/".into(),
                version: String::new(),
                headers: vec![],
                body: Body::default(),
            },
            response: None,
            messages: vec![],
            seal: None,
        }
    }

    /// Values by (install, session, device).
    fn found(values: &[(u32, u32, u32, &str)]) -> Vec<IdentifierScope> {
        let mut identifiers = IdentifierTable::default();
        let place = At::at("$[0].id");
        for (index, (install, session, device, value)) in values.iter().enumerate() {
            let route = Route { before: None, layer: "json", place: &place };
            let leaf = Leaf { value: value.as_bytes(), route: &route, weak: false };
            let when = IdentifierCircumstances { install: *install, session: *session, device: *device };
            identifiers.see(&exchange(index as u64), &leaf, when, &["https://planted.example/x"]);
        }
        identifiers.found().iter().map(|identifier| identifier.scope).collect()
    }

    const A: &str = "6f1c8e0a-1111";
    const B: &str = "93bd27f4-2222";
    const C: &str = "c04417aa-3333";

    #[test]
    fn the_same_in_two_sessions_and_different_in_three_installs_is_an_identifier() {
        let values = [(1, 1, 0, A), (1, 2, 0, A), (2, 1, 0, B), (2, 2, 0, B), (3, 1, 0, C), (3, 2, 0, C)];
        assert_eq!(found(&values), [IdentifierScope::Persistent]);
        assert_eq!(found(&values[..4]), [], "two installs do not show it");
    }

    #[test]
    fn a_constant_is_none() {
        assert_eq!(found(&[(1, 1, 0, A), (1, 2, 0, A), (2, 1, 0, A), (2, 2, 0, A), (3, 1, 0, A), (3, 2, 0, A)]), []);
    }

    #[test]
    fn a_long_constant_on_one_device_may_be_the_devices() {
        const LONG: &str = "6f1c8e0a-1111-4222-8333-0123456789ab";
        let values = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)];
        let on = |device: fn(u32) -> u32| values.map(|(install, session)| (install, session, device(install), LONG));
        assert_eq!(found(&on(|_| 0)), [IdentifierScope::DeviceOrConstant]);
        assert_eq!(found(&on(|install| install % 2)), [], "on two devices it is known to be a constant");
    }

    #[test]
    fn what_is_new_each_session_is_none() {
        assert_eq!(found(&[(1, 1, 0, A), (1, 2, 0, B), (2, 1, 0, C), (2, 2, 0, "77aa00ee-4444")]), []);
    }

    #[test]
    fn the_same_across_reinstalls_and_different_between_devices_is_the_devices() {
        let values = [(1, 1, 1, A), (1, 2, 1, A), (2, 1, 1, A), (2, 2, 1, A), (3, 1, 2, B), (3, 2, 2, B)];
        assert_eq!(found(&values), [IdentifierScope::Device]);
    }

    #[test]
    fn clocks_versions_and_canaries_identify_nobody() {
        for value in ["1588600000000", "13370000000000000", "156.0.8078.79", "https://planted.example/x", "abab"] {
            assert!(
                !could_identify(value.as_bytes()) || is_explained(value.as_bytes(), &["https://planted.example/x"]),
                "{value}"
            );
        }
    }
}
