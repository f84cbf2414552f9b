//! How close an identifier is to a report: who gets both can join them.
//!
//! Both may be in one request, on one connection, under one cookie, or go to one owner within a
//! minute. Who receives both from the same IP address knows that they belong to one person.

use std::collections::BTreeMap;

use model::{Initiator, RecognitionMethod};

use crate::{IdentifierScope, JudgeInput, JudgedExchange, SightingContext};

/// Seconds within which an owner can join two requests by their IP address.
pub(crate) const WINDOW: f64 = 60.0;

/// How close an identifier is to a report, from close to far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum IdentifierNearness {
    Request,
    Connection,
    Cookie,
    Owner,
}

impl IdentifierNearness {
    /// `in the same request`
    pub(crate) fn says(self) -> String {
        match self {
            Self::Request => "in the same request".into(),
            Self::Connection => "on the same connection".into(),
            Self::Cookie => "under the same cookie".into(),
            Self::Owner => format!("sent to the same owner within {WINDOW:.0} s"),
        }
    }
}

/// Requests of the subject itself that carry an identifier.
pub(crate) struct IdentifiedRequests<'a> {
    case: &'a JudgeInput<'a>,
    by_trial: BTreeMap<u32, Vec<&'a JudgedExchange>>,
}

impl<'a> IdentifiedRequests<'a> {
    /// Requests with a lasting identifier: found by comparing installs, named by a schema, or known
    /// as a value of the machine.
    pub(crate) fn that_stay(case: &'a JudgeInput<'a>) -> Self {
        let varies = case.identifiers.iter().filter(|identifier| identifier.scope != IdentifierScope::DeviceOrConstant);
        let named = case.seen.iter().filter(|seen| is_named_identifier(seen));
        let exchanges = varies.flat_map(|identifier| identifier.exchanges.iter().map(|(exchange, _)| *exchange));
        Self::of(case, exchanges.chain(named.map(|seen| seen.sighting.exchange)))
    }

    /// Requests with a value that is either an id of the device or a constant.
    pub(crate) fn that_may_stay(case: &'a JudgeInput<'a>) -> Self {
        let constant =
            case.identifiers.iter().filter(|identifier| identifier.scope == IdentifierScope::DeviceOrConstant);
        Self::of(case, constant.flat_map(|identifier| identifier.exchanges.iter().map(|(exchange, _)| *exchange)))
    }

    fn of(case: &'a JudgeInput<'a>, exchanges: impl Iterator<Item = u64>) -> Self {
        let exchanges: std::collections::BTreeSet<u64> = exchanges.collect();
        let mut by_trial: BTreeMap<u32, Vec<&JudgedExchange>> = BTreeMap::new();
        for one in case.traffic.iter().filter(|one| exchanges.contains(&one.exchange)) {
            if let Some(trial) = one.trial.filter(|_| !matches!(one.side, Initiator::Page | Initiator::Caused)) {
                by_trial.entry(trial).or_default().push(one);
            }
        }
        Self { case, by_trial }
    }

    /// How close the nearest identifier is to this report; none if there is none near.
    pub(crate) fn beside(&self, seen: &SightingContext) -> Option<IdentifierNearness> {
        let report = self
            .case
            .traffic
            .iter()
            .find(|one| one.trial.is_some() && one.trial == seen.trial && one.exchange == seen.sighting.exchange)?;
        let nearness = |other: &&JudgedExchange| {
            if other.exchange == report.exchange {
                Some(IdentifierNearness::Request)
            } else if other.host == report.host && other.connection == report.connection {
                Some(IdentifierNearness::Connection)
            } else if report.cookie.is_some() && other.cookie == report.cookie && self.is_same_owner(other, report) {
                Some(IdentifierNearness::Cookie)
            } else {
                let near = other.at.seconds_since(report.at).abs() <= WINDOW;
                (near && self.is_same_owner(other, report)).then_some(IdentifierNearness::Owner)
            }
        };
        self.by_trial.get(&report.trial?)?.iter().filter_map(nearness).min()
    }

    /// Whether both hosts have the same owner or the same registrable domain.
    fn is_same_owner(&self, a: &JudgedExchange, b: &JudgedExchange) -> bool {
        let of = |one: &JudgedExchange| self.case.destinations.iter().find(|destination| destination.host == one.host);
        let Some((a, b)) = of(a).zip(of(b)) else { return a.host == b.host };
        a.site == b.site || a.owner.is_some() && a.owner == b.owner
    }
}

/// Whether a sighting is an identifier that outlasts a session, recognised by a known format or as
/// a planted value of the machine.
fn is_named_identifier(seen: &SightingContext) -> bool {
    let kind = &seen.sighting.kind;
    let lasting = kind.is_identifier() && kind.as_str() != "session-id";
    lasting && seen.sighting.how != RecognitionMethod::Pattern && !seen.sighting.weak
}
