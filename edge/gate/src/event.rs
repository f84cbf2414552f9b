//! An event that the user should see.

use guard::{ClientIdentity, Decision, DecisionReason, EnteredValues, GuardAction};
use model::{Destination, Exchange, Mode, Purpose, Time};

/// A request that was stopped, or that passed and is shown.
#[derive(Clone)]
pub struct GuardEvent {
    pub id: u64,
    pub at: Time,
    pub device: String,
    pub program: Option<String>,
    pub mode: Mode,
    pub host: String,
    pub owner: Option<String>,
    pub seat: Option<String>,
    pub purpose: Purpose,
    pub method: String,
    /// The URL without its query.
    pub address: String,
    pub verdict: GuardAction,
    pub reason: DecisionReason,
    pub kinds: Vec<String>,
    pub found: Vec<FoundValue>,
}

/// One found value, and the encodings around it.
#[derive(Clone)]
pub struct FoundValue {
    pub kind: String,
    pub trail: String,
    pub guise: String,
    /// None if the user entered the value: entered values are never shown
    /// again.
    pub value: Option<String>,
}

impl std::fmt::Debug for GuardEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Event(..)")
    }
}

impl std::fmt::Debug for FoundValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Found(..)")
    }
}

impl GuardEvent {
    pub(crate) fn new(
        at: Time,
        who: &ClientIdentity,
        aim: &Destination,
        exchange: &Exchange,
        decision: &Decision,
    ) -> Self {
        let found = decision.sightings.iter().map(|sighting| FoundValue {
            kind: sighting.kind.to_string(),
            trail: sighting.trail.to_string(),
            guise: sighting.guise.to_string(),
            value: (!is_entered(sighting.canary.as_deref())).then(|| sighting.value.clone()),
        });
        Self {
            id: 0,
            at,
            device: who.device.clone(),
            program: who.program.clone(),
            mode: decision.mode,
            host: aim.host.clone(),
            owner: aim.owner.clone(),
            seat: aim.seat.clone(),
            purpose: aim.purpose,
            method: exchange.request.method.clone(),
            address: address(&exchange.request.url, decision),
            verdict: decision.verdict,
            reason: decision.reason.clone(),
            kinds: decision.kinds.iter().map(ToString::to_string).collect(),
            found: found.collect(),
        }
    }
}

pub(crate) fn is_entered(canary: Option<&str>) -> bool {
    canary.is_some_and(|id| id.starts_with(EnteredValues::ID))
}

/// The URL of a request without its query. If the request carries an entered
/// value, only the scheme and the host.
fn address(url: &str, decision: &Decision) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    if !decision.sightings.iter().any(|sighting| is_entered(sighting.canary.as_deref())) {
        return bare.to_owned();
    }
    let start = bare.find("://").map_or(0, |at| at + 3);
    bare[start..].find('/').map_or(bare, |at| &bare[..start + at + 1]).to_owned()
}
