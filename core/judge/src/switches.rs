//! Where the subject's switches stood, and whether that is what a promise
//! speaks of. Labels are not believed: as installed, a switch stands where the
//! driver read it.

use std::{collections::BTreeMap, fmt};

use model::{Note, SwitchSetting, Time};

use crate::JudgeInput;

/// One switch in one phase.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SwitchInPhase {
    pub switch: String,
    pub position: SwitchPosition,
}

/// Where a switch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SwitchPosition {
    /// As installed: on, off, or nobody looked.
    Default(Option<bool>),
    /// As the person left it whose device this is: nobody looked.
    AsLeft,
    Off,
    On,
    /// Off since the driver threw it, in the same trial.
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

    /// None: it stands as installed, and nobody looked.
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
    /// Where a switch stands in a fresh install, as the driver read it. Reads
    /// that contradict each other say nothing.
    pub fn default_of(&self, switch: &str) -> Option<bool> {
        let read = self.notes.iter().filter_map(Note::switch_read);
        let mut read = read.filter(|(name, _)| *name == switch).map(|(_, is_on)| is_on);
        let first = read.next()?;
        read.all(|other| other == first).then_some(first)
    }

    /// Where the subject's switches stand in a phase; empty if it has none.
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

    /// Whether what turns collection on and off stands, in a phase, as one of
    /// these words says. A subject without switches stands at its default.
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

    /// Whether single switches stand as a promise names them.
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
