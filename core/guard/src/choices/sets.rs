//! Kinds of data in the sets that a person thinks in.
//!
//! Twenty-five kinds are too many to choose among at once. A set turns all of
//! its kinds; each of them can still be turned by itself.

use model::{Kind, Mode, Time};

use super::Choices;

/// Kinds that are turned together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KindSet {
    /// Statistics on a device and its use, and the identifiers of the device.
    Statistics,
    /// Which pages somebody visited.
    Visited,
    /// What somebody typed, and what belongs to them: name, accounts, secrets, paths of files.
    Entered,
}

/// Where the switch of a set stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetStand {
    Off,
    /// Some of its kinds are on.
    Mixed,
    On,
}

impl KindSet {
    pub const ALL: [Self; 3] = [Self::Statistics, Self::Visited, Self::Entered];

    /// The word in forms and in messages of our extension.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Statistics => "statistics",
            Self::Visited => "visited",
            Self::Entered => "entered",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.word() == word)
    }

    /// Ids of the kinds in it.
    pub const fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::Statistics => &[
                "device-id",
                "advertising-id",
                "persistent-id",
                "session-id",
                "ip-address",
                "location",
                "app-list",
                "component-list",
                "screen-name",
                "click-label",
            ],
            Self::Visited => &["visited-url", "visited-url-part", "visited-host", "page-title", "page-text"],
            Self::Entered => &[
                "search",
                "typed-text",
                "person-name",
                "email",
                "phone",
                "bank-account",
                "user-id",
                "secret",
                "folder",
                "file-path",
            ],
        }
    }
}

impl Choices {
    /// The position of a set's switch, for one device, or for all devices that have no switches of
    /// their own.
    pub fn set_stand(&self, set: KindSet, mode: Mode, device: Option<&str>, wall: Time) -> SetStand {
        let kinds = set.kinds();
        let on = kinds.iter().filter(|kind| self.stand(&Kind::new(kind), mode, device, wall).is_on()).count();
        match on {
            0 => SetStand::Off,
            all if all == kinds.len() => SetStand::On,
            _ => SetStand::Mixed,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::checks::knowledge;

    #[test]
    fn every_kind_is_in_one_set() {
        let all: Vec<&str> = KindSet::ALL.iter().flat_map(|set| set.kinds()).copied().collect();
        let known: BTreeSet<String> = knowledge().kinds.all().iter().map(|kind| kind.id.clone()).collect();
        assert_eq!(all.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>(), known);
        assert_eq!(all.len(), known.len(), "none is in two");
    }

    #[test]
    fn a_set_stands_where_its_kinds_do() {
        let mut choices = Choices::default();
        let stand = |choices: &Choices| choices.set_stand(KindSet::Visited, Mode::Normal, None, Time(0));
        assert_eq!(stand(&choices), SetStand::Off);
        choices.table.turn(&Kind::new("page-title"), Mode::Normal, true);
        assert_eq!(stand(&choices), SetStand::Mixed);
        KindSet::Visited.kinds().iter().for_each(|kind| choices.table.turn(&Kind::new(kind), Mode::Normal, true));
        assert_eq!(stand(&choices), SetStand::On);
    }
}
