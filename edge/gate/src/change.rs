//! One change of the person's choices.

use guard::{Choices, Destined, Device, Hour, Rule, UnreadChoice};
use model::{Kind, Mode, Time};

/// What the person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Turn {
        device: Option<String>,
        kind: Kind,
        mode: Mode,
        on: bool,
    },
    /// On for an hour from now.
    Hour {
        device: Option<String>,
        kind: Kind,
        mode: Mode,
    },
    /// None: whatever was said about it is forgotten.
    Destination {
        host: String,
        rule: Option<Rule>,
    },
    Unread {
        mode: Mode,
        choice: UnreadChoice,
    },
    Security(bool),
    Strict(bool),
    Describe {
        device: String,
        name: Option<String>,
        maker: Option<String>,
    },
}

const HOUR: i64 = 3_600_000_000;

impl Change {
    /// Makes it.
    pub(crate) fn make(&self, choices: &mut Choices, wall: Time) {
        choices.forget_hours(wall);
        match self {
            Self::Turn { device, kind, mode, on } => {
                // Off is off: an hour that still runs would say otherwise.
                if !on {
                    choices.hours.retain(|hour| {
                        let same = hour.kind == *kind && (*mode == Mode::Unknown || hour.mode == *mode);
                        !(same && (device.is_none() || hour.device == *device))
                    });
                }
                match device {
                    None => choices.table.turn(kind, *mode, *on),
                    Some(id) => device_of(choices, id).table.turn(kind, *mode, *on),
                }
            }
            Self::Hour { device, kind, mode } => choices.hours.push(Hour {
                kind: kind.clone(),
                mode: *mode,
                device: device.clone(),
                from: wall,
                to: Time(wall.0 + HOUR),
            }),
            Self::Destination { host, rule } => {
                choices.destinations.retain(|destined| destined.host != *host || destined.device.is_some());
                choices.destinations.extend(rule.map(|rule| Destined { host: host.clone(), rule, device: None }));
            }
            Self::Unread { mode, choice } => match mode {
                Mode::Normal => choices.unread.normal = *choice,
                Mode::Private => choices.unread.private = *choice,
                Mode::Unknown => {}
            },
            Self::Security(on) => choices.security = *on,
            Self::Strict(on) => choices.strict = *on,
            Self::Describe { device, name, maker } => {
                let known = device_of(choices, device);
                known.name.clone_from(name);
                known.maker.clone_from(maker);
            }
        }
    }

    /// What it was, for the history.
    pub fn says(&self) -> String {
        let on_off = |on: bool| if on { "on" } else { "off" };
        let of = |device: &Option<String>| device.as_ref().map(|id| format!(" for {id}")).unwrap_or_default();
        match self {
            Self::Turn { device, kind, mode, on } => {
                format!("{kind} in {} mode turned {}{}", mode.word(), on_off(*on), of(device))
            }
            Self::Hour { device, kind, mode } => {
                format!("{kind} in {} mode allowed for one hour{}", mode.word(), of(device))
            }
            Self::Destination { host, rule: Some(rule) } => format!("destination {host}: {}", rule.word()),
            Self::Destination { host, rule: None } => format!("destination {host}: as others"),
            Self::Unread { mode, choice } => format!("unread traffic in {} mode: {}", mode.word(), choice.word()),
            Self::Security(on) => format!("security services turned {}", on_off(*on)),
            Self::Strict(on) => format!("strict turned {}", on_off(*on)),
            Self::Describe { device, .. } => format!("{device} described"),
        }
    }
}

/// What was said about a device, begun if nothing was.
pub(crate) fn device_of<'c>(choices: &'c mut Choices, id: &str) -> &'c mut Device {
    let at = choices.devices.iter().position(|device| device.id == id).unwrap_or_else(|| {
        choices.devices.push(Device { id: id.to_owned(), ..Device::default() });
        choices.devices.len() - 1
    });
    &mut choices.devices[at]
}

#[cfg(test)]
mod tests {
    use guard::Who;

    use super::*;

    #[test]
    fn turning_off_ends_an_hour_that_still_runs() {
        let (mut choices, kind) = (Choices::default(), Kind::new("search"));
        let who = Who::new("phone", Mode::Normal);
        Change::Hour { device: None, kind: kind.clone(), mode: Mode::Normal }.make(&mut choices, Time(5));
        assert!(choices.is_on(&kind, &who, Time(6)));
        Change::Turn { device: None, kind: kind.clone(), mode: Mode::Normal, on: false }.make(&mut choices, Time(6));
        assert!(!choices.is_on(&kind, &who, Time(7)));
    }

    #[test]
    fn a_destination_is_said_something_about_once() {
        let mut choices = Choices::default();
        for rule in [Some(Rule::Allow), Some(Rule::Stop), None] {
            Change::Destination { host: "a.example".into(), rule }.make(&mut choices, Time(0));
            assert_eq!(choices.destinations.first().map(|destined| destined.rule), rule);
        }
    }
}
