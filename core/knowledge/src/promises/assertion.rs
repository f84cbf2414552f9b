//! The claim of a sentence: data that is never sent, the only data that may be
//! sent, a request that must be sent, or why no run can test it.

use model::Kind;
use serde::Deserialize;

use super::check::seconds;

/// One of the four claims.
#[derive(Clone, Debug)]
pub enum Assertion {
    Never(NeverClause),
    Only(OnlyClause),
    Must(MustClause),
    /// Why no run can test the sentence.
    Untestable(String),
}

/// The claim that data is never sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeverClause {
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Also forbids every lasting identifier in the subject's own requests, at
    /// any place and under any name.
    #[serde(default)]
    pub identifiers: bool,
    /// The destinations that must not get the data: `anyone-but-the-site`,
    /// `anyone-but-the-maker` (the site may have it too), `the-maker` (a maker
    /// can promise only for itself). If absent, nobody may get it.
    #[serde(default)]
    pub to: Option<String>,
    /// If given, only servers outside of these countries are forbidden; ISO
    /// 3166-1 alpha-2, and `EEA` for the European Economic Area.
    #[serde(default)]
    pub outside: Vec<String>,
    /// `persistent-identifier`: the data is forbidden only together with such
    /// an identifier.
    #[serde(default)]
    pub beside: Option<String>,
    /// Time after a switch was thrown in which data may still be sent: `5s`.
    #[serde(default, alias = "after")]
    pub within: Option<String>,
    /// The disguises that the claim is about: `plain`, `sha256`,
    /// `sha256-prefix4` …
    #[serde(default)]
    pub guise: ClauseLimits,
    /// The transports that the claim is about: a scheme (`http`), or a host
    /// (`relay.example`, and all names below it).
    #[serde(default)]
    pub via: ClauseLimits,
}

/// The claim that only these kinds are sent, and only to these hosts. An empty
/// list is no limit.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlyClause {
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Hosts, with all names below them. The site itself may always have the
    /// data.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Kinds that the claim is about; all kinds if none is named.
    #[serde(default)]
    pub of: Vec<String>,
    /// As in [`NeverClause`].
    #[serde(default)]
    pub to: Option<String>,
}

/// The claim that a request is sent after each event of a kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MustClause {
    pub host: String,
    /// The start of the request's path.
    #[serde(default)]
    pub path: Option<String>,
    /// `start`, `visit`, `search`, `turned-off`.
    pub after: String,
    /// Time within which the request must be sent: `60s`.
    pub within: String,
}

/// Which names count: all but the allowed ones, or, if any are forbidden, only
/// these.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClauseLimits {
    #[serde(default)]
    pub allowed: Vec<String>,
    #[serde(default)]
    pub forbidden: Vec<String>,
}

/// Kinds that are lasting identifiers.
const IDENTIFIERS: [&str; 4] = ["persistent-id", "device-id", "advertising-id", "user-id"];

impl Assertion {
    /// The kinds that the claim names: the forbidden ones, or those that an
    /// "only" claim is about.
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

    /// The destinations that must not get the data; see [`NeverClause::to`].
    pub fn to(&self) -> Option<&str> {
        match self {
            Self::Never(never) => never.to.as_deref(),
            Self::Only(only) => only.to.as_deref(),
            Self::Must(_) | Self::Untestable(_) => None,
        }
    }
}

impl OnlyClause {
    /// Whether the claim forbids to send this kind to this host.
    pub fn forbids(&self, kind: &Kind, host: &str) -> bool {
        let has = |list: &[String]| list.iter().any(|one| Kind::new(one) == *kind);
        let about = self.of.is_empty() || has(&self.of);
        let may_be_sent = self.kinds.is_empty() || has(&self.kinds);
        let may_have_it = self.hosts.is_empty() || self.hosts.iter().any(|known| is_below(host, known));
        about && !(may_be_sent && may_have_it)
    }
}

impl MustClause {
    /// Whether a request is the required one.
    pub fn is_met_by(&self, host: &str, path: &str) -> bool {
        host == self.host && self.path.as_ref().is_none_or(|begin| path.starts_with(begin.as_str()))
    }

    /// Microseconds within which the request must be sent.
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

    /// Whether a request with this scheme to this host counts.
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
