//! Counts of events by hour, for the charts.

use std::collections::BTreeMap;

use guard::{DecisionReason, GuardAction};
use model::Time;

use crate::GuardEvent;

/// Counts of events by hour, and of the values in them by recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HourlyCounts {
    /// By the start of the hour.
    pub hours: BTreeMap<Time, EventCounts>,
    flows: BTreeMap<(Time, ValueFlow), u64>,
    goals: BTreeMap<(Time, FlowGoal), u64>,
}

/// How many events had each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventCounts {
    pub stopped: u64,
    /// Requests that passed and carried a personal value.
    pub passed: u64,
    pub unread: u64,
}

/// A kind of value, its recipient, and whether it was stopped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueFlow {
    /// None: the request could not be read.
    pub kind: Option<String>,
    pub stopped: bool,
    pub goal: FlowGoal,
}

/// The recipient of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowGoal {
    /// None: the owner is unknown.
    pub owner: Option<String>,
    pub seat: Option<String>,
    pub host: String,
}

const HOUR: i64 = 3_600_000_000;
const HOURS: i64 = 48;
/// How many flows are counted separately. Remote parties choose the host names,
/// so there must be a limit.
const MOST: usize = 4_000;

impl HourlyCounts {
    pub(crate) fn add(&mut self, event: &GuardEvent) {
        let hour = Time(event.at.0.div_euclid(HOUR) * HOUR);
        let stopped = matches!(event.verdict, GuardAction::Absorb | GuardAction::Cut);
        let unread = event.reason.is_unread();
        let counts = self.hours.entry(hour).or_default();
        match (unread, stopped) {
            (true, _) => counts.unread += 1,
            (_, true) => counts.stopped += 1,
            _ if event.reason == DecisionReason::Nothing => {}
            _ => counts.passed += 1,
        }
        let goal = FlowGoal { owner: event.owner.clone(), seat: event.seat.clone(), host: event.host.clone() };
        let kinds = if unread { vec![None] } else { event.kinds.iter().cloned().map(Some).collect() };
        for kind in kinds {
            count(&mut self.flows, (hour, ValueFlow { kind, stopped, goal: goal.clone() }));
        }
        if unread || !event.kinds.is_empty() {
            count(&mut self.goals, (hour, goal));
        }
        self.forget_before(Time(event.at.0 - HOURS * HOUR));
    }

    pub(crate) fn since(&self, start: Time) -> Self {
        let mut since = self.clone();
        since.forget_before(start);
        since
    }

    /// How often each value went to each recipient.
    pub fn flows(&self) -> BTreeMap<&ValueFlow, u64> {
        summed(&self.flows)
    }

    /// How many requests went to each recipient; a request with two values
    /// counts once.
    pub fn goals(&self) -> BTreeMap<&FlowGoal, u64> {
        summed(&self.goals)
    }

    fn forget_before(&mut self, start: Time) {
        self.hours.retain(|hour, _| *hour >= start);
        self.flows.retain(|(hour, _), _| *hour >= start);
        self.goals.retain(|(hour, _), _| *hour >= start);
    }
}

fn count<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K) {
    if counts.len() < MOST || counts.contains_key(&key) {
        *counts.entry(key).or_default() += 1;
    }
}

fn summed<K: Ord>(counts: &BTreeMap<(Time, K), u64>) -> BTreeMap<&K, u64> {
    let mut all = BTreeMap::new();
    for ((_, key), count) in counts {
        *all.entry(key).or_default() += count;
    }
    all
}

#[cfg(test)]
mod tests {
    use model::{Mode, Purpose};

    use super::*;

    fn event(at: i64, verdict: GuardAction, reason: DecisionReason, kinds: &[&str]) -> GuardEvent {
        GuardEvent {
            id: 0,
            at: Time(at),
            device: "phone".into(),
            program: None,
            mode: Mode::Normal,
            host: "t.a.example".into(),
            owner: Some("A".into()),
            seat: None,
            purpose: Purpose::Telemetry,
            method: "POST".into(),
            address: "https://t.a.example/".into(),
            verdict,
            reason,
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            found: vec![],
        }
    }

    #[test]
    fn what_happened_is_counted_by_the_hour_and_forgotten_after_two_days() {
        let mut tally = HourlyCounts::default();
        tally.add(&event(5, GuardAction::Absorb, DecisionReason::Asked, &["search", "visited-url"]));
        tally.add(&event(HOUR - 1, GuardAction::Pass, DecisionReason::On, &["search"]));
        tally.add(&event(HOUR, GuardAction::Pass, DecisionReason::Unread, &[]));
        assert_eq!(tally.hours[&Time(0)], EventCounts { stopped: 1, passed: 1, unread: 0 });
        assert_eq!(tally.hours[&Time(HOUR)], EventCounts { stopped: 0, passed: 0, unread: 1 });
        let flows: Vec<_> =
            tally.flows().into_iter().map(|(flow, n)| (flow.kind.as_deref(), flow.stopped, n)).collect();
        let search = Some("search");
        assert_eq!(flows, [(None, false, 1), (search, false, 1), (search, true, 1), (Some("visited-url"), true, 1)]);
        assert_eq!(tally.goals().values().copied().collect::<Vec<_>>(), [3], "requests, not kinds");
        assert_eq!(tally.since(Time(1)).hours.len(), 1);
        tally.add(&event((HOURS + 1) * HOUR, GuardAction::Pass, DecisionReason::On, &[]));
        assert_eq!(tally.hours.len(), 2, "the first hour is forgotten");
    }
}
