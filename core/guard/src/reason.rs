//! Why a decision is as it is.

/// The reason of a decision. What it is called before people is said where
/// people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecisionReason {
    /// The page's own: it goes to the site visited, or to a host that stood in
    /// an answer given to the page.
    Page,
    /// None of the values looked for is in it.
    Nothing,
    /// The rest of it has to come first.
    Incomplete,
    /// Whether a page asked for it is about to be listed.
    Unlisted,
    /// The person turned these kinds on.
    On,
    /// The person allowed this destination.
    AllowedDestination,
    /// The person stopped this destination.
    StoppedDestination,
    /// It carries what was just visited, searched or entered to one who
    /// collects, for this reason, and that is off.
    Report(ReportReason),
    /// It carries such a value to somebody else: passed and shown.
    Asked,
    /// The same, from a browser whose extension lists what its pages ask for:
    /// no page did.
    AskedByNoPage,
    /// It goes to a service that warns of dangerous sites; the switch for
    /// those decided.
    Security,
    /// It goes to a service that updates programs; the switch for those decided.
    Updates,
    /// It asks for suggestions for what is typed; the switch for those decided.
    Suggestions,
    /// It carries such a value to a service for signing in, keeping browsers the
    /// same or translating; browsers ask some of these by themselves. Passed and
    /// shown.
    Started,
    /// It could not be read, or not to its end; the choice for that decided.
    Unread,
    /// It gives itself the name of another host than the one it went to, and nothing
    /// else speaks against it. Passed and shown.
    OtherName,
    /// The connection ended before anything was said on it: the program did not
    /// accept our certificate, or spoke no protocol that we know.
    NoHandshake,
}

/// Why a request that carries such a value is a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportReason {
    /// It goes to the maker of the device or program.
    Maker(String),
    /// The host is known to collect telemetry.
    Telemetry,
    /// The host is known to serve advertising.
    Advertising,
    /// It is packed as this known program packs its reports.
    Schema(String),
    /// The person chose to be strict.
    Strict,
}

impl DecisionReason {
    /// One word for records; a new meaning is a new word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Nothing => "nothing",
            Self::Incomplete => "incomplete",
            Self::Unlisted => "unlisted",
            Self::On => "on",
            Self::AllowedDestination => "allowed-destination",
            Self::StoppedDestination => "stopped-destination",
            Self::Report(ReportReason::Maker(_)) => "report-to-maker",
            Self::Report(ReportReason::Telemetry) => "report-telemetry",
            Self::Report(ReportReason::Advertising) => "report-advertising",
            Self::Report(ReportReason::Schema(_)) => "report-schema",
            Self::Report(ReportReason::Strict) => "report-strict",
            Self::Asked => "asked",
            Self::AskedByNoPage => "asked-by-no-page",
            Self::Security => "security",
            Self::Updates => "updates",
            Self::Suggestions => "suggestions",
            Self::Started => "started",
            Self::Unread => "unread",
            Self::OtherName => "other-name",
            Self::NoHandshake => "no-handshake",
        }
    }

    /// Whether it is about something that nobody could read.
    pub const fn is_unread(&self) -> bool {
        matches!(self, Self::Unread | Self::NoHandshake)
    }

    /// Whether a service's own switch decided: switches of kinds do nothing there.
    pub const fn has_own_switch(&self) -> bool {
        matches!(self, Self::Security | Self::Updates | Self::Suggestions)
    }

    /// Whether the person should see it: it was stopped, or somebody asked.
    pub const fn is_shown(&self) -> bool {
        !matches!(self, Self::Page | Self::Nothing | Self::Incomplete | Self::Unlisted)
    }
}
