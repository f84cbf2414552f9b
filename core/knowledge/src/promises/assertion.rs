//! What a sentence claims: what is never sent, what alone may be, what must be
//! seen, or that no run of Candor's could show it.

use model::Kind;
use serde::Deserialize;

use super::check::seconds;

/// One of the four.
#[derive(Clone, Debug)]
pub enum Assertion {
    Never(NeverClause),
    Only(OnlyClause),
    Must(MustClause),
    /// Why no run could show it.
    Untestable(String),
}

/// What must not happen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeverClause {
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Nor any identifier that stays, whatever it is called and wherever it
    /// stands in the subject's own requests.
    #[serde(default)]
    pub identifiers: bool,
    /// `anyone-but-the-site`, `anyone-but-the-maker` (the site may have it
    /// too), `the-maker` (what others send elsewhere is not the maker's to
    /// promise), or absent for anyone at all.
    #[serde(default)]
    pub to: Option<String>,
    /// Only to servers in countries that are not in this list; ISO 3166-1
    /// alpha-2, and `EEA` for the European Economic Area.
    #[serde(default)]
    pub outside: Vec<String>,
    /// `persistent-identifier`: only beside one.
    #[serde(default)]
    pub beside: Option<String>,
    /// How long it may go on after a switch was thrown: `5s`.
    #[serde(default, alias = "after")]
    pub within: Option<String>,
    /// The disguises that it is about: `plain`, `sha256`, `sha256-prefix4` …
    #[serde(default)]
    pub guise: ClauseLimits,
    /// The ways that it is about: a scheme (`http`), or a host (`relay.example`,
    /// and all below it).
    #[serde(default)]
    pub via: ClauseLimits,
}

/// What alone may be sent: of these kinds, and to these hosts. A list that is
/// empty limits nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlyClause {
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Hosts, with all below them. The site itself may always have it.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// What it is about; all kinds if none is named.
    #[serde(default)]
    pub of: Vec<String>,
    /// As in [`NeverClause`].
    #[serde(default)]
    pub to: Option<String>,
}

/// A request that must be seen, each time that something was done.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MustClause {
    pub host: String,
    /// What its path begins with.
    #[serde(default)]
    pub path: Option<String>,
    /// `start`, `visit`, `search`, `turned-off`.
    pub after: String,
    /// Not later than this: `60s`.
    pub within: String,
}

/// What counts: all but what is allowed, or only what is forbidden.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClauseLimits {
    #[serde(default)]
    pub allowed: Vec<String>,
    #[serde(default)]
    pub forbidden: Vec<String>,
}

/// What is known by its name to be an identifier that stays.
const IDENTIFIERS: [&str; 4] = ["persistent-id", "device-id", "advertising-id", "user-id"];

impl Assertion {
    /// The kinds that must not be seen, as far as they are named.
    pub fn kinds(&self) -> Vec<Kind> {
        let names: Vec<&str> = match self {
            Self::Never(never) => {
                let identifiers = IDENTIFIERS.iter().filter(|_| never.identifiers);
                never.kinds.iter().map(String::as_str).chain(identifiers.copied()).collect()
            }
            Self::Only(only) => only.of.iter().map(String::as_str).collect(),
            Self::Must(_) | Self::Untestable(_) => vec![],
        };
        names.into_iter().map(Kind::new).collect()
    }

    /// To whom it must not go.
    pub fn to(&self) -> Option<&str> {
        match self {
            Self::Never(never) => never.to.as_deref(),
            Self::Only(only) => only.to.as_deref(),
            Self::Must(_) | Self::Untestable(_) => None,
        }
    }
}

impl OnlyClause {
    /// Whether it forbids that something of this kind goes to this host.
    pub fn forbids(&self, kind: &Kind, host: &str) -> bool {
        let has = |list: &[String]| list.iter().any(|one| Kind::new(one) == *kind);
        let about = self.of.is_empty() || has(&self.of);
        let may_be_sent = self.kinds.is_empty() || has(&self.kinds);
        let may_have_it = self.hosts.is_empty() || self.hosts.iter().any(|known| is_below(host, known));
        about && !(may_be_sent && may_have_it)
    }
}

impl MustClause {
    /// Whether a request is the one.
    pub fn is_met_by(&self, host: &str, path: &str) -> bool {
        host == self.host && self.path.as_ref().is_none_or(|begin| path.starts_with(begin.as_str()))
    }

    /// Microseconds in which it must come.
    pub fn within(&self) -> i64 {
        seconds(&self.within).unwrap_or(0) * 1_000_000
    }
}

impl ClauseLimits {
    /// Whether this guise counts: `sha1-prefix8(form signature)` is `sha1-prefix8`.
    pub fn counts_guise(&self, guise: &str) -> bool {
        let base = guise.split('(').next().unwrap_or(guise);
        self.counts(|name| name == guise || name == base)
    }

    /// Whether a request counts that went by this scheme, to this host.
    pub fn counts_way(&self, scheme: &str, host: &str) -> bool {
        self.counts(|name| name == scheme || name.contains('.') && is_below(host, name))
    }

    fn counts(&self, is: impl Fn(&str) -> bool) -> bool {
        let has = |list: &[String]| list.iter().any(|name| is(name));
        if self.forbidden.is_empty() { !has(&self.allowed) } else { has(&self.forbidden) }
    }

    pub fn is_empty(&self) -> bool {
        self.allowed.is_empty() && self.forbidden.is_empty()
    }
}

/// `a.relay.example` and `relay.example` are below `relay.example`.
fn is_below(host: &str, name: &str) -> bool {
    host == name || host.strip_suffix(name).is_some_and(|front| front.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_alone_may_be_sent_is_all_else_forbidden() {
        let only = OnlyClause { kinds: list(&["visited-host"]), ..OnlyClause::default() };
        assert!(
            only.forbids(&Kind::new("visited-url"), "a.example")
                && !only.forbids(&Kind::new("visited-host"), "a.example")
        );
        let only = OnlyClause { hosts: list(&["engine.example"]), of: list(&["search"]), ..OnlyClause::default() };
        assert!(
            only.forbids(&Kind::new("search"), "other.example")
                && !only.forbids(&Kind::new("search"), "www.engine.example")
        );
        assert!(only.forbids(&Kind::new("search"), "notengine.example"), "a name that only ends alike");
        assert!(!only.forbids(&Kind::new("typed-text"), "other.example"), "it is not about that");
    }

    #[test]
    fn a_guise_counts_by_its_name_with_or_without_its_recipe() {
        let forbidden = ClauseLimits { forbidden: list(&["plain"]), ..ClauseLimits::default() };
        assert!(forbidden.counts_guise("plain") && !forbidden.counts_guise("sha256"));
        let allowed = ClauseLimits { allowed: list(&["sha1-prefix8"]), ..ClauseLimits::default() };
        assert!(!allowed.counts_guise("sha1-prefix8(autofill form signature)") && allowed.counts_guise("sha1"));
        assert!(ClauseLimits::default().counts_guise("plain"));
    }

    #[test]
    fn a_way_is_a_scheme_or_a_host_with_all_below_it() {
        let clear = ClauseLimits { forbidden: list(&["http"]), ..ClauseLimits::default() };
        assert!(clear.counts_way("http", "a.example") && !clear.counts_way("https", "a.example"));
        let relayed = ClauseLimits { allowed: list(&["relay.example"]), ..ClauseLimits::default() };
        assert!(!relayed.counts_way("https", "eu.relay.example") && relayed.counts_way("https", "a.example"));
    }
}
