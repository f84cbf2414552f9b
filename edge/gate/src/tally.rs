//! How much happened, hour by hour; for pictures.

use std::collections::BTreeMap;

use guard::{Reason, Verdict};
use model::Time;

use crate::Event;

/// Numbers of events by hour, and of what went to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By the hour's start.
    pub hours: BTreeMap<Time, Counts>,
    flows: BTreeMap<(Time, Flow), u64>,
}

/// What became of so many events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub stopped: u64,
    /// Passed and carried something of the person's: allowed, or asked.
    pub passed: u64,
    pub unread: u64,
}

/// What of somebody's was for whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// None: it could not be read.
    pub kind: Option<String>,
    /// None: nobody knows.
    pub owner: Option<String>,
    pub host: String,
    pub seat: Option<String>,
    pub stopped: bool,
}

const HOUR: i64 = 3_600_000_000;
const HOURS: i64 = 48;
/// Flows that are told apart; hosts are chosen by others.
const MOST: usize = 4_000;

impl Tally {
    pub(crate) fn add(&mut self, event: &Event) {
        let hour = Time(event.at.0.div_euclid(HOUR) * HOUR);
        let stopped = matches!(event.verdict, Verdict::Absorb | Verdict::Cut);
        let unread = event.reason == Reason::Unread;
        let counts = self.hours.entry(hour).or_default();
        match (unread, stopped) {
            (true, _) => counts.unread += 1,
            (_, true) => counts.stopped += 1,
            _ if event.reason == Reason::Nothing => {}
            _ => counts.passed += 1,
        }
        let kinds = if unread { vec![None] } else { event.kinds.iter().cloned().map(Some).collect() };
        for kind in kinds {
            let flow =
                Flow { kind, owner: event.owner.clone(), host: event.host.clone(), seat: event.seat.clone(), stopped };
            if self.flows.len() < MOST || self.flows.contains_key(&(hour, flow.clone())) {
                *self.flows.entry((hour, flow)).or_default() += 1;
            }
        }
        self.forget_before(Time(event.at.0 - HOURS * HOUR));
    }

    pub(crate) fn since(&self, start: Time) -> Self {
        let mut since = self.clone();
        since.forget_before(start);
        since
    }

    /// What went to whom, and how often.
    pub fn flows(&self) -> BTreeMap<&Flow, u64> {
        let mut flows = BTreeMap::new();
        for ((_, flow), count) in &self.flows {
            *flows.entry(flow).or_default() += count;
        }
        flows
    }

    fn forget_before(&mut self, start: Time) {
        self.hours.retain(|hour, _| *hour >= start);
        self.flows.retain(|(hour, _), _| *hour >= start);
    }
}

#[cfg(test)]
mod tests {
    use model::{Mode, Purpose};

    use super::*;

    fn event(at: i64, verdict: Verdict, reason: Reason, kinds: &[&str]) -> Event {
        Event {
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
        let mut tally = Tally::default();
        tally.add(&event(5, Verdict::Absorb, Reason::Asked, &["search", "visited-url"]));
        tally.add(&event(HOUR - 1, Verdict::Pass, Reason::On, &["search"]));
        tally.add(&event(HOUR, Verdict::Pass, Reason::Unread, &[]));
        assert_eq!(tally.hours[&Time(0)], Counts { stopped: 1, passed: 1, unread: 0 });
        assert_eq!(tally.hours[&Time(HOUR)], Counts { stopped: 0, passed: 0, unread: 1 });
        let flows: Vec<_> =
            tally.flows().into_iter().map(|(flow, n)| (flow.kind.as_deref(), flow.stopped, n)).collect();
        let search = Some("search");
        assert_eq!(flows, [(None, false, 1), (search, false, 1), (search, true, 1), (Some("visited-url"), true, 1)]);
        assert_eq!(tally.since(Time(1)).hours.len(), 1);
        tally.add(&event((HOURS + 1) * HOUR, Verdict::Pass, Reason::On, &[]));
        assert_eq!(tally.hours.len(), 2, "the first hour is forgotten");
    }
}
