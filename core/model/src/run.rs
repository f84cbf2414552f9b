//! An experiment: the subject, and what was done with it in which order.

use crate::{RunCondition, SwitchSetting, Time};

/// The identity of a run: subject, scenario, seed, versions and conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub subject: Subject,
    pub scenario: String,
    pub seed: u64,
    /// Version of Candor that ran it.
    pub candor: String,
    /// SHA-256 over the knowledge it ran with, in hex.
    pub knowledge: String,
    /// What the subject ran on: this machine, or a phone.
    pub host: String,
    pub started: Time,
    /// No server was contacted, so the subject never got its maker's remote configuration.
    pub sinkhole: bool,
    /// Traffic that ignores the proxy setting was watched too.
    pub bypass_watched: bool,
    /// Other conditions in which the run differed from an ordinary machine.
    pub conditions: Vec<RunCondition>,
}

impl Run {
    /// The words of [`RunCondition::ByHand`].
    pub const BY_HAND: &str = "used by hand, through the proxy set on it; not freshly installed";

    /// Sets this phone as the host. The host so far, the machine that Candor ran on, becomes a
    /// condition.
    pub fn on_a_phone(&mut self, phone: String) {
        let beside = std::mem::replace(&mut self.host, phone);
        self.conditions.push(format!("Candor ran beside the phone, on {beside}").into());
    }

    /// Whether a person and not a driver used the subject.
    pub fn is_by_hand(&self) -> bool {
        self.conditions.contains(&RunCondition::ByHand)
    }
}

/// A browser or phone, and which one exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// As in `data/subjects/`: `chromium`, `reporting-browser`.
    pub name: String,
    pub edition: Option<String>,
    pub version: String,
    /// SHA-256 of the program or package, in hex.
    pub digest: String,
    /// Extension ids that are the subject's own.
    pub extensions: Vec<String>,
}

/// The mode of a browser window. Private is a window that promises to keep nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    #[default]
    Normal,
    Private,
    Unknown,
}

impl Mode {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Private => "private",
            Self::Unknown => "unknown",
        }
    }

    pub fn from_word(word: &str) -> Self {
        match word {
            "normal" => Self::Normal,
            "private" => Self::Private,
            _ => Self::Unknown,
        }
    }
}

/// One switch of the subject, with its position.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunSwitch {
    pub name: String,
    pub position: SwitchSetting,
}

/// One combination of conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arm {
    pub mode: Mode,
    pub switches: Vec<RunSwitch>,
    /// No visits at all: a control.
    pub blank: bool,
    pub role: ArmRole,
    /// Number of the device, in runs with several.
    pub device: u32,
}

/// How much instrumentation the subject of an arm has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArmRole {
    /// Remote control and what it needs.
    #[default]
    Driven,
    /// No instrumentation: the subject is started by its desktop entry, and operated by key
    /// presses.
    Reference,
    /// The instrumentation of driven arms with the steps of the reference arm, to be compared with
    /// the reference.
    Compared,
}

impl ArmRole {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Driven => "driven",
            Self::Reference => "reference",
            Self::Compared => "compared",
        }
    }

    /// The role of this name. Any other name is driven, because evidence of an older Candor has no
    /// other role.
    pub fn named(name: &str) -> Self {
        match name {
            "reference" => Self::Reference,
            "compared" => Self::Compared,
            _ => Self::Driven,
        }
    }
}

/// One run of an arm on a fresh profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    pub id: u32,
    pub arm: Arm,
    /// Trials on the same profile share an install.
    pub install: u32,
    pub at: Time,
    /// Why the trial failed. It is set in a second record of the trial.
    pub failed: Option<String>,
}

/// A named stretch of a trial: from `at` until the next phase of the trial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phase {
    pub trial: u32,
    /// `start`, `visit 3`, `restart` …: unique within its trial.
    pub name: String,
    pub act: Act,
    pub mode: Mode,
    /// Sessions are counted from 1; a restart begins the next.
    pub session: u32,
    pub at: Time,
    /// Canaries used in it, by id.
    pub canaries: Vec<String>,
    /// Positions of switches from this phase on, where they differ from those of the arm.
    pub switches: Vec<RunSwitch>,
}

/// What is done in a phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    Start,
    #[default]
    Idle,
    Visit,
    Search,
    /// Typed into the address bar and not sent.
    Type,
    Form,
    Download,
    /// A folder or screen opened on a phone.
    Open,
    Switch,
    Restart,
    /// A normal session after the one that counts.
    Later,
    Close,
}

impl Act {
    pub const ALL: [Self; 12] = [
        Self::Start,
        Self::Idle,
        Self::Visit,
        Self::Search,
        Self::Type,
        Self::Form,
        Self::Download,
        Self::Open,
        Self::Switch,
        Self::Restart,
        Self::Later,
        Self::Close,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Idle => "idle",
            Self::Visit => "visit",
            Self::Search => "search",
            Self::Type => "type",
            Self::Form => "form",
            Self::Download => "download",
            Self::Open => "open",
            Self::Switch => "switch",
            Self::Restart => "restart",
            Self::Later => "later",
            Self::Close => "close",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.word() == word)
    }
}
