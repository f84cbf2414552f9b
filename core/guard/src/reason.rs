//! The reasons of decisions.

/// The reason of a decision. The text that people read is written where it is
/// displayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecisionReason {
    /// The request belongs to a page: it goes to the visited site, or to a host
    /// that an answer to the page named.
    Page,
    /// The request holds none of the values that the guard searches for.
    Nothing,
    /// The request is incomplete: the guard waits for the rest.
    Incomplete,
    /// Our extension may still list the request as a page's: the guard waits.
    Unlisted,
    /// The person turned these kinds on.
    On,
    /// The person allowed this destination.
    AllowedDestination,
    /// The person stopped this destination.
    StoppedDestination,
    /// The request carries personal data whose switch is off, to a destination
    /// that counts as a collector for this reason.
    Report(ReportReason),
    /// The request carries personal data to another destination: passed and
    /// shown.
    Asked,
    /// The request carries personal data to another destination, and our
    /// extension, which lists the requests of pages, did not list it.
    AskedByNoPage,
    /// The request goes to a service that warns of dangerous sites; the switch
    /// for security decided.
    Security,
    /// The request goes to a service that updates programs; the switch for
    /// updates decided.
    Updates,
    /// The request asks for suggestions for the text that is typed; the switch
    /// for suggestions decided.
    Suggestions,
    /// The request carries personal data to a service for synchronisation or
    /// translation. A person usually started it, but browsers also ask some of
    /// these by themselves. Passed and shown.
    Started,
    /// The request could not be read completely; the choice for unread traffic
    /// decided.
    Unread,
    /// The request names another host than the one that its connection goes to
    /// (domain fronting), and nothing else speaks against it. Passed and shown.
    OtherName,
    /// The connection ended before a request: the program did not accept our
    /// certificate, or spoke no protocol that we know.
    NoHandshake,
}

/// Why a request that carries personal data is a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportReason {
    /// The host belongs to the maker of the device or program.
    Maker(String),
    /// The host is known to collect telemetry.
    Telemetry,
    /// The host is known to serve advertising.
    Advertising,
    /// The request has the format in which this known program sends its
    /// reports.
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

    /// Whether the reason is that the traffic could not be read.
    pub const fn is_unread(&self) -> bool {
        matches!(self, Self::Unread | Self::NoHandshake)
    }

    /// Whether a service's own switch decided. The switches of kinds have no
    /// effect on such a service.
    pub const fn has_own_switch(&self) -> bool {
        matches!(self, Self::Security | Self::Updates | Self::Suggestions)
    }

    /// Whether the display shows the decision to the person.
    pub const fn is_shown(&self) -> bool {
        !matches!(self, Self::Page | Self::Nothing | Self::Incomplete | Self::Unlisted)
    }
}
