//! The destination of a request, its owner, and the initiator of the request.

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Initiator {
    /// A page asked for it.
    Page,
    /// The browser or phone itself.
    Native,
    /// An extension in the browser.
    Extension,
    /// The browser, as a consequence of a page: preflight, reporting, favicon.
    Caused,
    Unknown,
}

/// An initiator, with the reason in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    pub side: Initiator,
    pub because: &'static str,
}

impl Initiator {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Native => "native",
            Self::Extension => "extension",
            Self::Caused => "caused",
            Self::Unknown => "unknown",
        }
    }
}

/// A host that requests went to, with its owner and purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    pub host: String,
    /// Registrable domain (public suffix list), or the host itself.
    pub site: String,
    /// Who is responsible for the host; none if we do not know.
    pub owner: Option<String>,
    /// ISO 3166-1 alpha-2 code of the country where the owner has its seat.
    pub seat: Option<String>,
    /// Where the server is located; none if that is not known.
    pub hosted: Option<HostingPlace>,
    pub purpose: Purpose,
    /// The source of the owner and purpose, or what is missing.
    pub because: String,
}

/// The location of a server, measured or documented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostingPlace {
    pub country: String,
    pub asn: Option<u32>,
    pub network: Option<String>,
    /// `documented in …, as of …`, or `measured`.
    pub because: String,
}

/// What a destination is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    Telemetry,
    Advertising,
    Search,
    Suggest,
    Security,
    Update,
    Configuration,
    Sync,
    Translation,
    Autofill,
    Push,
    Content,
    Connectivity,
    /// A page that the subject was sent to.
    Visited,
    #[default]
    Unknown,
}

impl Purpose {
    pub const ALL: [Self; 15] = [
        Self::Telemetry,
        Self::Advertising,
        Self::Search,
        Self::Suggest,
        Self::Security,
        Self::Update,
        Self::Configuration,
        Self::Sync,
        Self::Translation,
        Self::Autofill,
        Self::Push,
        Self::Content,
        Self::Connectivity,
        Self::Visited,
        Self::Unknown,
    ];

    /// The word in reports and in `data/owners/`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Telemetry => "telemetry",
            Self::Advertising => "advertising",
            Self::Search => "search",
            Self::Suggest => "suggest",
            Self::Security => "security",
            Self::Update => "update",
            Self::Configuration => "configuration",
            Self::Sync => "sync",
            Self::Translation => "translation",
            Self::Autofill => "autofill",
            Self::Push => "push",
            Self::Content => "content",
            Self::Connectivity => "connectivity",
            Self::Visited => "visited",
            Self::Unknown => "unknown",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.word() == word)
    }
}
