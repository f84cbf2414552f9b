//! An experiment: who was put through what, in which order.

use crate::{RunCondition, SwitchSetting, Time};

/// What a run was, so that its result has an identity.
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
    /// No server was contacted: the maker's remote configuration never came.
    pub sinkhole: bool,
    /// Traffic that ignores the proxy setting was watched too.
    pub bypass_watched: bool,
    /// What else was unlike an ordinary machine: `no sandbox` …
    pub conditions: Vec<RunCondition>,
}

impl Run {
    /// The words of [`RunCondition::ByHand`].
    pub const BY_HAND: &str = "used by hand, through the proxy set on it; not freshly installed";

    /// It was on this phone, and Candor beside it on the machine that is named so far.
    pub fn on_a_phone(&mut self, phone: String) {
        let beside = std::mem::replace(&mut self.host, phone);
        self.conditions.push(format!("Candor ran beside the phone, on {beside}").into());
    }

    /// Whether a person used the subject, and not a driver.
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

/// Private as the person means it: a window that promises to keep nothing.
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

/// One switch of the subject and where it stands.
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
    /// Which device, where several are told apart.
    pub device: u32,
}

/// How much of an instrument the subject of an arm carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArmRole {
    /// Remote control and what it needs.
    #[default]
    Driven,
    /// None: started as its desktop entry starts it, typed into by keys.
    Reference,
    /// As much as driven arms, through the steps of the reference, to be
    /// compared with it.
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

    /// The role of this name; driven, as in all evidence before there were others, if it is none.
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
    /// Set in a second record when the trial did not come to its end.
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
    /// Positions of switches from here on, where they differ from the arm's.
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
