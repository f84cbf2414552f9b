//! The positions of the subject's switches, and whether they are those that a
//! promise is about. The position after installation is the one that the driver
//! read, and not the one that the maker states.

use std::{collections::BTreeMap, fmt};

use model::{Note, SwitchSetting, Time};

use crate::JudgeInput;

/// One switch in one phase.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SwitchInPhase {
    pub switch: String,
    pub position: SwitchPosition,
}

/// The position of a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SwitchPosition {
    /// The position after installation: on, off, or not read.
    Default(Option<bool>),
    /// The position that the owner of the device left; it was not read.
    AsLeft,
    Off,
    On,
    /// The driver turned it off in the same trial.
    TurnedOff,
}

impl SwitchPosition {
    fn of(position: &SwitchSetting, default: Option<bool>) -> Self {
        match position {
            SwitchSetting::On => Self::On,
            SwitchSetting::Off => Self::Off,
            SwitchSetting::TurnedOff => Self::TurnedOff,
            SwitchSetting::AsLeft => Self::AsLeft,
            SwitchSetting::Default | SwitchSetting::Other(_) => Self::Default(default),
        }
    }

    /// None if the position is that of the installation or of the device's
    /// owner, and was not read.
    pub fn is_on(self) -> Option<bool> {
        match self {
            Self::Default(read) => read,
            Self::AsLeft => None,
            Self::Off | Self::TurnedOff => Some(false),
            Self::On => Some(true),
        }
    }
}

/// `incognito-mode on (as installed)`
impl fmt::Display for SwitchInPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let position = match self.position {
            SwitchPosition::Default(Some(true)) => "on (as installed)",
            SwitchPosition::Default(Some(false)) => "off (as installed)",
            SwitchPosition::Default(None) => "as installed",
            SwitchPosition::AsLeft => "as they were left",
            SwitchPosition::On => "on",
            SwitchPosition::Off => "off",
            SwitchPosition::TurnedOff => "turned off",
        };
        write!(f, "{} {position}", self.switch)
    }
}

impl<'a> JudgeInput<'a> {
    /// The position of a switch in a fresh install, as the driver read it; none
    /// if it was not read, or if two readings differ.
    pub fn default_of(&self, switch: &str) -> Option<bool> {
        let read = self.notes.iter().filter_map(Note::switch_read);
        let mut read = read.filter(|(name, _)| *name == switch).map(|(_, is_on)| is_on);
        let first = read.next()?;
        read.all(|other| other == first).then_some(first)
    }

    /// The positions of the subject's switches in a phase; empty if it has no
    /// switches.
    pub fn standing(&self, phase: usize) -> Vec<SwitchInPhase> {
        let at = &self.phases[phase];
        let Some(trial) = self.trial(at.trial) else { return vec![] };
        let mut words: Vec<(&str, &SwitchSetting)> =
            trial.arm.switches.iter().map(|switch| (switch.name.as_str(), &switch.position)).collect();
        for earlier in self.phases[..=phase].iter().filter(|phase| phase.trial == at.trial) {
            for switch in &earlier.switches {
                match words.iter_mut().find(|(name, _)| *name == switch.name) {
                    Some(known) => known.1 = &switch.position,
                    None => words.push((&switch.name, &switch.position)),
                }
            }
        }
        let standing = |(name, word): (&str, &SwitchSetting)| SwitchInPhase {
            switch: name.to_owned(),
            position: SwitchPosition::of(word, self.default_of(name)),
        };
        words.into_iter().map(standing).collect()
    }

    /// Whether the switches for data collection have, in a phase, one of these
    /// positions. A subject without switches has the position `default`.
    pub(crate) fn stands(&self, phase: usize, words: &[String]) -> bool {
        let standing = self.standing(phase);
        let collection = || standing.iter().filter(|one| self.turns_collection(&one.switch));
        words.iter().any(|word| match word.as_str() {
            "default" => standing.iter().all(|one| matches!(one.position, SwitchPosition::Default(_))),
            "turned-off" => collection().any(|one| one.position == SwitchPosition::TurnedOff),
            "off" => collection().count() > 0 && collection().all(|one| one.position.is_on() == Some(false)),
            "on" => collection().any(|one| one.position.is_on() == Some(true)),
            _ => false,
        })
    }

    /// Whether single switches have the positions that a promise names.
    pub(crate) fn stands_so(&self, phase: usize, named: &BTreeMap<String, String>) -> bool {
        let standing = self.standing(phase);
        named.iter().all(|(name, word)| {
            standing.iter().any(|one| one.switch == *name && one.position.is_on() == Some(word == "on"))
        })
    }

    fn turns_collection(&self, switch: &str) -> bool {
        use knowledge::subjects::SwitchPurpose;
        let known = self.subject().and_then(|subject| subject.switch(switch));
        known.is_none_or(|switch| switch.turns == SwitchPurpose::Collection)
    }

    /// When the switch that is off in this phase was turned off.
    pub(crate) fn turned_off_at(&self, phase: usize) -> Option<Time> {
        let at = &self.phases[phase];
        let earlier = self.phases[..=phase].iter().rev().filter(|phase| phase.trial == at.trial);
        let thrown =
            |phase: &&model::Phase| phase.switches.iter().any(|switch| switch.position == SwitchSetting::TurnedOff);
        earlier.clone().find(thrown).map(|phase| phase.at)
    }
}
