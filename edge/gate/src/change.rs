//! One change of the user's choices.

use guard::{Choices, DeviceChoices, HostAction, HostRule, KindSet, SuggestionSwitch, TemporaryAllow, UnreadChoice};
use model::{Kind, Mode, Time};

/// What the user changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChoiceChange {
    Turn {
        device: Option<String>,
        kind: Kind,
        mode: Mode,
        on: bool,
    },
    /// Switches every kind of a set.
    TurnSet {
        device: Option<String>,
        set: KindSet,
        mode: Mode,
        on: bool,
    },
    /// Allows a kind for one hour from now.
    Hour {
        device: Option<String>,
        kind: Kind,
        mode: Mode,
    },
    /// None: the rule for this host is removed.
    Destination {
        host: String,
        rule: Option<HostAction>,
    },
    Unread {
        mode: Mode,
        choice: UnreadChoice,
    },
    Security(bool),
    Updates(bool),
    Suggestions {
        mode: Mode,
        on: bool,
    },
    Strict(bool),
    Describe {
        device: String,
        name: Option<String>,
        maker: Option<String>,
    },
}

const HOUR: i64 = 3_600_000_000;

impl ChoiceChange {
    /// Applies the change.
    pub(crate) fn make(&self, choices: &mut Choices, wall: Time) {
        choices.forget_hours(wall);
        match self {
            Self::Turn { device, kind, mode, on } => {
                if !on {
                    choices.hours.retain(|hour| !is_ended(hour, device.as_ref(), kind, *mode));
                }
                match device {
                    None => choices.table.turn(kind, *mode, *on),
                    Some(id) => device_of(choices, id).table.turn(kind, *mode, *on),
                }
            }
            Self::TurnSet { device, set, mode, on } => {
                for kind in set.kinds() {
                    let (device, kind) = (device.clone(), Kind::new(kind));
                    Self::Turn { device, kind, mode: *mode, on: *on }.make(choices, wall);
                }
            }
            Self::Hour { device, kind, mode } => choices.hours.push(TemporaryAllow {
                kind: kind.clone(),
                mode: *mode,
                device: device.clone(),
                from: wall,
                to: Time(wall.0 + HOUR),
            }),
            Self::Destination { host, rule } => {
                choices.destinations.retain(|destined| destined.host != *host || destined.device.is_some());
                choices.destinations.extend(rule.map(|rule| HostRule { host: host.clone(), rule, device: None }));
            }
            Self::Unread { mode, choice } => match mode {
                Mode::Normal => choices.unread.normal = *choice,
                Mode::Private => choices.unread.private = *choice,
                Mode::Unknown => {}
            },
            Self::Security(on) => choices.security = *on,
            Self::Updates(on) => choices.updates = *on,
            Self::Suggestions { mode, on } => match mode {
                Mode::Normal => choices.suggestions.normal = *on,
                Mode::Private => choices.suggestions.private = *on,
                Mode::Unknown => choices.suggestions = SuggestionSwitch { normal: *on, private: *on },
            },
            Self::Strict(on) => choices.strict = *on,
            Self::Describe { device, name, maker } => {
                let known = device_of(choices, device);
                known.name.clone_from(name);
                known.maker.clone_from(maker);
            }
        }
    }

    /// The change in words, for the history.
    pub fn says(&self) -> String {
        let on_off = |on: bool| if on { "on" } else { "off" };
        let of = |device: &Option<String>| device.as_ref().map(|id| format!(" for {id}")).unwrap_or_default();
        match self {
            Self::Turn { device, kind, mode, on } => {
                format!("{kind} in {} mode turned {}{}", mode.word(), on_off(*on), of(device))
            }
            Self::TurnSet { device, set, mode, on } => {
                format!("everything of {} in {} mode turned {}{}", set.word(), mode.word(), on_off(*on), of(device))
            }
            Self::Hour { device, kind, mode } => {
                format!("{kind} in {} mode allowed for one hour{}", mode.word(), of(device))
            }
            Self::Destination { host, rule: Some(rule) } => format!("destination {host}: {}", rule.word()),
            Self::Destination { host, rule: None } => format!("destination {host}: as others"),
            Self::Unread { mode, choice } => format!("unread traffic in {} mode: {}", mode.word(), choice.word()),
            Self::Security(on) => format!("security services turned {}", on_off(*on)),
            Self::Updates(on) => format!("updates turned {}", on_off(*on)),
            Self::Suggestions { mode, on } => format!("suggestions in {} mode turned {}", mode.word(), on_off(*on)),
            Self::Strict(on) => format!("strict turned {}", on_off(*on)),
            Self::Describe { device, .. } => format!("{device} described"),
        }
    }
}

/// Whether a one-hour allowance ends when this switch is turned off. An hour
/// for all devices continues when the switch of one device is turned off, and
/// an hour for a kind continues when only a part of that kind is turned off.
/// But the hour of one device ends when the switch for all devices is turned
/// off: it would override that switch, and the user who turns it does not see
/// the hour.
fn is_ended(hour: &TemporaryAllow, device: Option<&String>, kind: &Kind, mode: Mode) -> bool {
    let in_it = mode == Mode::Unknown || hour.mode == mode;
    let says_so =
        if hour.device.as_ref() == device { hour.kind == *kind } else { device.is_none() && hour.covers(kind) };
    in_it && says_so
}

/// The choices for a device; they are created if there are none.
pub(crate) fn device_of<'c>(choices: &'c mut Choices, id: &str) -> &'c mut DeviceChoices {
    let at = choices.devices.iter().position(|device| device.id == id).unwrap_or_else(|| {
        choices.devices.push(DeviceChoices { id: id.to_owned(), ..DeviceChoices::default() });
        choices.devices.len() - 1
    });
    &mut choices.devices[at]
}

#[cfg(test)]
mod tests {
    use guard::ClientIdentity;

    use super::*;

    fn hour(device: Option<&str>, kind: &str) -> ChoiceChange {
        ChoiceChange::Hour { device: device.map(Into::into), kind: Kind::new(kind), mode: Mode::Normal }
    }

    fn off(device: Option<&str>, kind: &str) -> ChoiceChange {
        ChoiceChange::Turn { device: device.map(Into::into), kind: Kind::new(kind), mode: Mode::Normal, on: false }
    }

    fn is_on(choices: &Choices, device: &str, kind: &str) -> bool {
        choices.is_on(&Kind::new(kind), &ClientIdentity::new(device, Mode::Normal), Time(7))
    }

    #[test]
    fn turning_off_ends_an_hour_that_still_runs() {
        let (mut choices, kind) = (Choices::default(), Kind::new("search"));
        let who = ClientIdentity::new("phone", Mode::Normal);
        hour(None, "search").make(&mut choices, Time(5));
        assert!(choices.is_on(&kind, &who, Time(6)));
        off(None, "search").make(&mut choices, Time(6));
        assert!(!choices.is_on(&kind, &who, Time(7)));
    }

    #[test]
    fn what_is_turned_off_is_off_whatever_hour_runs() {
        let devices = [None, Some("phone")];
        let kinds = ["visited-url", "visited-host", "visited-url-part"];
        for (of, allowed) in devices.into_iter().flat_map(|of| kinds.map(|kind| (of, kind))) {
            for (device, kind) in devices.into_iter().flat_map(|device| kinds.map(|kind| (device, kind))) {
                let mut choices = Choices::default();
                hour(of, allowed).make(&mut choices, Time(5));
                off(device, kind).make(&mut choices, Time(6));
                assert!(!is_on(&choices, "phone", kind), "{kind} of {device:?} in an hour for {allowed} of {of:?}");
            }
        }
    }

    #[test]
    fn an_hour_goes_on_for_what_was_not_turned_off() {
        let mut choices = Choices::default();
        hour(None, "visited-url").make(&mut choices, Time(5));
        off(Some("phone"), "visited-url").make(&mut choices, Time(6));
        off(None, "visited-host").make(&mut choices, Time(6));
        assert!(is_on(&choices, "laptop", "visited-url") && !is_on(&choices, "phone", "visited-url"));
        assert!(is_on(&choices, "laptop", "visited-url-part") && !is_on(&choices, "laptop", "visited-host"));
    }

    #[test]
    fn a_destination_is_said_something_about_once() {
        let mut choices = Choices::default();
        for rule in [Some(HostAction::Allow), Some(HostAction::Stop), None] {
            ChoiceChange::Destination { host: "a.example".into(), rule }.make(&mut choices, Time(0));
            assert_eq!(choices.destinations.first().map(|destined| destined.rule), rule);
        }
    }
}
