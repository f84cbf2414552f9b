//! What the person chose.
//!
//! A table has a switch for each kind of data and each mode; every switch is
//! off until the person turns it on. Single devices and programs may have
//! tables that override it. A switch may be on for an hour only. Destinations
//! may be allowed or stopped by name. One more choice says what happens to
//! traffic that cannot be read.

mod file;

mod stand;

mod sets;

pub use file::BadChoices;
pub use sets::{KindSet, SetStand};
pub use stand::SwitchState;

use std::collections::BTreeMap;

use knowledge::kinds::KindTable;
use model::{Destination, Kind, Mode, Time};

use crate::ClientIdentity;

/// Everything that can be chosen. The default is what a person has who never
/// chose: nothing about them leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Treat as reports also what pages send to their trackers, and what is
    /// sent to hosts that we do not know.
    pub strict: bool,
    /// Let requests to services pass that warn of dangerous sites.
    pub security: bool,
    /// Let requests to services pass that update programs.
    pub updates: bool,
    /// Let suggestion services have the text that is typed, by mode.
    pub suggestions: SuggestionSwitch,
    pub unread: UnreadChoices,
    /// For every device and program that has no row of its own.
    pub table: SwitchTable,
    pub devices: Vec<DeviceChoices>,
    pub programs: Vec<ProgramChoices>,
    pub hours: Vec<TemporaryAllow>,
    pub destinations: Vec<HostRule>,
}

/// The switch of suggestions for what is typed, by mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SuggestionSwitch {
    pub normal: bool,
    pub private: bool,
}

impl Default for Choices {
    /// Without updates and warnings a person would be less safe than without
    /// Candor, so these two pass unless they are turned off.
    fn default() -> Self {
        Self {
            strict: false,
            security: true,
            updates: true,
            suggestions: SuggestionSwitch::default(),
            unread: UnreadChoices::default(),
            table: SwitchTable::default(),
            devices: Vec::new(),
            programs: Vec::new(),
            hours: Vec::new(),
            destinations: Vec::new(),
        }
    }
}

/// Rows of switches; a kind without a row is off in both modes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SwitchTable(pub BTreeMap<Kind, SwitchRow>);

/// The switches of one kind, where they were ever touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SwitchRow {
    pub normal: Option<bool>,
    pub private: Option<bool>,
}

/// A device that the person gave a name or switches of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceChoices {
    /// Its address, or what it was paired by.
    pub id: String,
    pub name: Option<String>,
    /// The owner (`data/owners/`) that made it.
    pub maker: Option<String>,
    pub table: SwitchTable,
}

/// A program on this machine that has switches of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramChoices {
    pub name: String,
    pub maker: Option<String>,
    pub table: SwitchTable,
}

/// A switch that is on from one moment to another, and then off again by
/// itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemporaryAllow {
    pub kind: Kind,
    pub mode: Mode,
    /// Only for this device.
    pub device: Option<String>,
    pub from: Time,
    pub to: Time,
}

/// What the person said about one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRule {
    /// `host.example`; `*.host.example` means that name and all below it.
    pub host: String,
    pub rule: HostAction,
    /// Only for this device.
    pub device: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostAction {
    Allow,
    /// Requests to the host are absorbed, whatever they carry.
    Stop,
    /// Connections to the host are cut: for hosts of which we do not know the
    /// answer that means success.
    Cut,
}

/// What the guard does with traffic that it cannot read, by mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadChoices {
    pub normal: UnreadChoice,
    pub private: UnreadChoice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnreadChoice {
    /// The traffic passes, and is counted.
    Pass,
    Absorb,
    Refuse,
}

impl Default for UnreadChoices {
    fn default() -> Self {
        Self { normal: UnreadChoice::Pass, private: UnreadChoice::Absorb }
    }
}

impl Choices {
    /// Whether data of this kind may leave.
    pub fn is_on(&self, kind: &Kind, who: &ClientIdentity, wall: Time) -> bool {
        let columns: &[Mode] = match who.mode {
            Mode::Normal => &[Mode::Normal],
            Mode::Private => &[Mode::Private],
            // The stricter of both counts.
            Mode::Unknown => &[Mode::Normal, Mode::Private],
        };
        columns.iter().all(|mode| self.is_on_in(kind, *mode, who, wall))
    }

    /// Whether every kind of data may leave: then the guard has nothing to
    /// stop.
    pub fn are_all_on(&self, kinds: &KindTable, who: &ClientIdentity, wall: Time) -> bool {
        !kinds.all().is_empty() && kinds.all().iter().all(|kind| self.is_on(&Kind::new(&kind.id), who, wall))
    }

    /// Whether suggestion services may have the text that is typed. Where the
    /// mode is not known, both switches must be on.
    pub fn suggests(&self, mode: Mode) -> bool {
        let SuggestionSwitch { normal, private } = self.suggestions;
        match mode {
            Mode::Normal => normal,
            Mode::Private => private,
            Mode::Unknown => normal && private,
        }
    }

    /// The person's rule for a destination; if several match, the strictest.
    pub fn destined(&self, aim: &Destination, who: &ClientIdentity) -> Option<HostAction> {
        let fits = |destined: &&HostRule| {
            let of_device = destined.device.as_ref().is_none_or(|device| *device == who.device);
            of_device && is_named(&destined.host, &aim.host)
        };
        self.destinations.iter().filter(fits).map(|destined| destined.rule).max_by_key(|rule| rule.strictness())
    }

    /// What the guard does with traffic that it cannot read. Where the mode is
    /// not known, the stricter of the two choices counts.
    pub fn unread(&self, mode: Mode) -> UnreadChoice {
        match mode {
            Mode::Normal => self.unread.normal,
            Mode::Private => self.unread.private,
            Mode::Unknown => self.unread.normal.max(self.unread.private),
        }
    }

    /// The device of this id, if the person said anything about it.
    pub fn device(&self, id: &str) -> Option<&DeviceChoices> {
        self.devices.iter().find(|device| device.id == id)
    }

    /// The program of this name, if the person said anything about it.
    pub fn program(&self, name: &str) -> Option<&ProgramChoices> {
        self.programs.iter().find(|program| program.name == name)
    }

    /// Forgets hours that are over.
    pub fn forget_hours(&mut self, wall: Time) {
        self.hours.retain(|hour| wall < hour.to);
    }

    fn is_on_in(&self, kind: &Kind, mode: Mode, who: &ClientIdentity, wall: Time) -> bool {
        self.stand_of(kind, mode, Some(&who.device), who.program.as_deref(), wall).is_on()
    }
}

impl TemporaryAllow {
    /// Whether this entry is for data of this kind, or for the kind that it is
    /// a part of.
    pub fn covers(&self, kind: &Kind) -> bool {
        self.kind == *kind || whole_of(kind).as_ref() == Some(&self.kind)
    }

    fn runs_at(&self, wall: Time) -> bool {
        self.from <= wall && wall < self.to
    }
}

impl SwitchTable {
    /// The position of a kind's switch in this table; none if it was never set.
    /// A kind that has no switch set takes that of the kind it is a part of:
    /// who may have an address may have a part of it.
    pub fn cell(&self, kind: &Kind, mode: Mode) -> Option<bool> {
        let touched = |kind: &Kind| self.0.get(kind).and_then(|row| row.of(mode));
        touched(kind).or_else(|| whole_of(kind).and_then(|whole| touched(&whole)))
    }

    /// Turns a switch.
    pub fn turn(&mut self, kind: &Kind, mode: Mode, on: bool) {
        let row = self.0.entry(kind.clone()).or_default();
        match mode {
            Mode::Normal => row.normal = Some(on),
            Mode::Private => row.private = Some(on),
            Mode::Unknown => *row = SwitchRow { normal: Some(on), private: Some(on) },
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl SwitchRow {
    fn of(self, mode: Mode) -> Option<bool> {
        match mode {
            Mode::Normal => self.normal,
            Mode::Private => self.private,
            Mode::Unknown => self.normal.zip(self.private).map(|(normal, private)| normal && private),
        }
    }
}

impl HostAction {
    const fn strictness(self) -> u8 {
        match self {
            Self::Allow => 0,
            Self::Stop => 1,
            Self::Cut => 2,
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Stop => "stop",
            Self::Cut => "cut",
        }
    }
}

impl UnreadChoice {
    pub const ALL: [Self; 3] = [Self::Pass, Self::Absorb, Self::Refuse];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Absorb => "absorb",
            Self::Refuse => "refuse",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.word() == word)
    }
}

/// The kind that this kind is a part of, if it is a part.
fn whole_of(kind: &Kind) -> Option<Kind> {
    matches!(kind.as_str(), "visited-url-part" | "visited-host").then(|| Kind::new("visited-url"))
}

/// Whether a name, which may start with the wildcard `*.`, matches a host.
fn is_named(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        None => name.eq_ignore_ascii_case(host),
        Some(name) => host == name || host.strip_suffix(name).is_some_and(|before| before.ends_with('.')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::knowledge;

    const URL: &str = "visited-url";

    fn url() -> Kind {
        Kind::new(URL)
    }

    fn who(mode: Mode) -> ClientIdentity {
        ClientIdentity::new("phone", mode)
    }

    #[test]
    fn everything_is_off_until_it_is_turned_on() {
        let mut choices = Choices::default();
        for mode in [Mode::Normal, Mode::Private, Mode::Unknown] {
            assert!(!choices.is_on(&url(), &who(mode), Time(0)));
        }
        choices.table.turn(&url(), Mode::Normal, true);
        assert!(choices.is_on(&url(), &who(Mode::Normal), Time(0)));
        assert!(!choices.is_on(&url(), &who(Mode::Private), Time(0)));
        assert!(!choices.is_on(&Kind::new("search"), &who(Mode::Normal), Time(0)));
    }

    #[test]
    fn where_the_mode_is_unknown_the_stricter_cell_counts() {
        let mut choices = Choices::default();
        choices.table.turn(&url(), Mode::Normal, true);
        assert!(!choices.is_on(&url(), &who(Mode::Unknown), Time(0)));
        choices.table.turn(&url(), Mode::Private, true);
        assert!(choices.is_on(&url(), &who(Mode::Unknown), Time(0)));
        assert_eq!(choices.unread(Mode::Unknown), UnreadChoice::Absorb);
    }

    #[test]
    fn a_program_says_more_than_its_device_and_that_more_than_the_table() {
        let mut choices = Choices::default();
        choices.table.turn(&url(), Mode::Normal, true);
        let mut device = DeviceChoices { id: "phone".into(), ..DeviceChoices::default() };
        device.table.turn(&url(), Mode::Normal, false);
        choices.devices.push(device);
        assert!(!choices.is_on(&url(), &who(Mode::Normal), Time(0)));
        assert!(choices.is_on(&url(), &ClientIdentity::new("other", Mode::Normal), Time(0)));
        let mut program = ProgramChoices { name: "browser".into(), ..ProgramChoices::default() };
        program.table.turn(&url(), Mode::Normal, true);
        choices.programs.push(program);
        let with_program = ClientIdentity { program: Some("browser".into()), ..who(Mode::Normal) };
        assert!(choices.is_on(&url(), &with_program, Time(0)));
        assert!(!choices.is_on(&url(), &who(Mode::Normal), Time(0)));
    }

    #[test]
    fn an_hour_ends_and_does_not_begin_again_when_the_clock_is_set_back() {
        let mut choices = Choices::default();
        let (from, to) = (Time::from_millis(10_000), Time::from_millis(20_000));
        choices.hours.push(TemporaryAllow { kind: url(), mode: Mode::Normal, device: None, from, to });
        let on = |choices: &Choices, millis| choices.is_on(&url(), &who(Mode::Normal), Time::from_millis(millis));
        assert!(on(&choices, 10_000) && on(&choices, 19_999));
        assert!(!on(&choices, 20_000) && !on(&choices, 9_999));
        assert!(!choices.is_on(&url(), &who(Mode::Private), from));
        choices.forget_hours(to);
        assert!(choices.hours.is_empty());
    }

    #[test]
    fn who_may_have_an_address_may_have_a_part_of_it() {
        let mut choices = Choices::default();
        choices.table.turn(&url(), Mode::Normal, true);
        assert!(choices.is_on(&Kind::new("visited-url-part"), &who(Mode::Normal), Time(0)));
        choices.table.turn(&Kind::new("visited-url-part"), Mode::Normal, false);
        assert!(!choices.is_on(&Kind::new("visited-url-part"), &who(Mode::Normal), Time(0)));
    }

    #[test]
    fn of_what_was_said_about_a_destination_the_strictest_counts() {
        let aim = |host: &str| attribute::destination(&knowledge().owners, host, "/");
        let rule = |host: &str, rule, device: Option<&str>| HostRule {
            host: host.into(),
            rule,
            device: device.map(Into::into),
        };
        let choices = Choices {
            destinations: vec![
                rule("*.a.example", HostAction::Allow, None),
                rule("t.a.example", HostAction::Stop, None),
                rule("b.example", HostAction::Cut, Some("phone")),
            ],
            ..Choices::default()
        };
        let destined = |host, device: &str| choices.destined(&aim(host), &ClientIdentity::new(device, Mode::Normal));
        assert_eq!(destined("a.example", "phone"), Some(HostAction::Allow));
        assert_eq!(destined("t.a.example", "phone"), Some(HostAction::Stop));
        assert_eq!(destined("b.example", "phone"), Some(HostAction::Cut));
        assert_eq!(destined("b.example", "laptop"), None);
        assert_eq!(destined("nota.example", "phone"), None);
    }
}
