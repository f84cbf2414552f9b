//! Promises about identifiers themselves: lasting identifiers in the subject's own requests,
//! whatever other data is in the request.

use std::collections::BTreeSet;

use model::Initiator;

use super::{
    scope::PromisePhases,
    sentences::{count, listed},
};
use crate::{Identifier, JudgedExchange};

/// Requests that carry a lasting identifier, by initiator.
#[derive(Default)]
pub(super) struct LastingRequests {
    /// Requests of the subject itself, with a text that names host and place.
    pub(super) own: Vec<(String, BTreeSet<u64>)>,
    /// A host that got an identifier from an unknown initiator.
    pub(super) unknown: Option<String>,
}

impl LastingRequests {
    pub(super) fn requests(&self) -> BTreeSet<u64> {
        self.own.iter().flat_map(|(_, requests)| requests.iter().copied()).collect()
    }

    /// `a.example was sent an identifier that stays, at body ▸ json $.id, in 3 requests`
    pub(super) fn says(&self) -> Option<String> {
        let one = |(place, requests): &(String, BTreeSet<u64>)| {
            let first = requests.first().map(|first| format!(", the first is request {first}")).unwrap_or_default();
            format!("{place}, in {}{first}", count(requests.len() as u32, "request"))
        };
        let all: Vec<String> = self.own.iter().map(one).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

impl PromisePhases<'_> {
    /// The requests that break the promise.
    pub(super) fn lasting(&self) -> LastingRequests {
        let mut lasting = LastingRequests::default();
        if !self.promise.is_about_identifiers() {
            return lasting;
        }
        // A value that may be a constant accuses nobody.
        for identifier in
            self.case.identifiers.iter().filter(|one| one.scope != crate::IdentifierScope::DeviceOrConstant)
        {
            let carries = |one: &&JudgedExchange| one.trial.is_some() && self.carries(identifier, one.exchange);
            let covered = self.case.traffic.iter().filter(carries).filter(|one| self.is_covered(one));
            let (own, others): (Vec<&JudgedExchange>, Vec<&JudgedExchange>) =
                covered.partition(|one| self.is_own(one.side));
            if !own.is_empty() {
                let place = format!("{} was sent an identifier that stays, at {}", identifier.host, identifier.place);
                lasting.own.push((place, own.iter().map(|one| one.exchange).collect()));
            } else if others.iter().any(|one| !matches!(one.side, Initiator::Page | Initiator::Caused)) {
                lasting.unknown.get_or_insert_with(|| identifier.host.clone());
            }
        }
        lasting
    }

    /// Number of starts at stake whose session has one of these requests.
    pub(super) fn starts_of(&self, requests: &BTreeSet<u64>) -> u32 {
        let session = |phase: usize| (self.case.phases[phase].trial, self.case.phases[phase].session);
        let sent = self.case.traffic.iter().filter(|one| one.trial.is_some() && requests.contains(&one.exchange));
        let sessions: BTreeSet<(u32, u32)> = sent.filter_map(|one| one.phase).map(session).collect();
        self.staked.iter().filter(|phase| sessions.contains(&session(**phase))).count() as u32
    }

    fn carries(&self, identifier: &Identifier, exchange: u64) -> bool {
        identifier.exchanges.iter().any(|(other, _)| *other == exchange)
    }

    fn is_covered(&self, one: &JudgedExchange) -> bool {
        let maker = |host: &str| {
            let mut of_host = self.case.destinations.iter().filter(|destination| destination.host == host);
            of_host.any(|destination| self.is_the_makers(destination))
        };
        let to = match self.promise.claim.to() {
            Some("the-maker") => maker(&one.host),
            Some("anyone-but-the-maker") => !maker(&one.host),
            _ => true,
        };
        to && one.phase.is_some_and(|phase| self.covers(phase))
    }
}

/// Joins the texts that are present.
pub(super) fn together(parts: [Option<String>; 2]) -> String {
    listed(&parts.into_iter().flatten().collect::<Vec<String>>())
}
