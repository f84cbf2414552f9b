//! When an event happened, as against when it was sent.

use knowledge::schemas::{Schema, TimeUnit};
use model::{Exchange, LayerPlace, Leaf, Time, Trail};

use crate::scan_result::DeferredEvent;

/// Times that one exchange states.
#[derive(Default)]
pub(super) struct StatedTimes {
    happened: Vec<StatedTime>,
    sent: Vec<StatedTime>,
}

/// A number that a schema calls a time.
struct StatedTime {
    /// Which pair of the schema's.
    pair: u16,
    trail: Trail,
    number: i64,
}

impl StatedTimes {
    pub(super) fn happened(&mut self, pair: u16, leaf: &Leaf<'_>) {
        self.happened.extend(stated(pair, leaf));
    }

    pub(super) fn sent(&mut self, pair: u16, leaf: &Leaf<'_>) {
        self.sent.extend(stated(pair, leaf));
    }

    /// Events that were sent so late that it is worth a word.
    pub(super) fn deferrals(&self, schema: &Schema, exchange: &Exchange) -> Vec<DeferredEvent> {
        self.happened.iter().filter_map(|event| self.deferral(event, schema, exchange)).collect()
    }

    fn deferral(&self, event: &StatedTime, schema: &Schema, exchange: &Exchange) -> Option<DeferredEvent> {
        let pair = schema.deferred.get(usize::from(event.pair))?;
        let happened = time(event.number, pair.unit)?;
        let sent = match &pair.sent {
            None => exchange.started,
            Some(_) => time(self.sent_with(event)?.number, pair.unit)?,
        };
        let is_late = sent.seconds_since(happened) >= f64::from(pair.at_least);
        is_late.then(|| DeferredEvent {
            exchange: exchange.index,
            trail: event.trail.clone(),
            happened,
            sent,
            schema: schema.name.clone(),
        })
    }

    /// The time of sending that stands in the same object as the event's, or
    /// the only one there is.
    fn sent_with(&self, event: &StatedTime) -> Option<&StatedTime> {
        let mut of_pair = self.sent.iter().filter(|sent| sent.pair == event.pair);
        let same = self.sent.iter().find(|sent| sent.pair == event.pair && object(&sent.trail) == object(&event.trail));
        same.or_else(|| of_pair.next().filter(|_| of_pair.next().is_none()))
    }
}

fn stated(pair: u16, leaf: &Leaf<'_>) -> Option<StatedTime> {
    let text = std::str::from_utf8(leaf.value).ok()?;
    let whole = text.split('.').next().unwrap_or(text);
    Some(StatedTime { pair, trail: leaf.route.trail(), number: whole.parse().ok()? })
}

/// Only numbers that are times of this century.
fn time(number: i64, unit: TimeUnit) -> Option<Time> {
    let micros = number.checked_mul(match unit {
        TimeUnit::Seconds => 1_000_000,
        TimeUnit::Milliseconds => 1_000,
        TimeUnit::Microseconds => 1,
    })?;
    (946_684_800_000_000..4_102_444_800_000_000).contains(&micros).then_some(Time(micros))
}

/// The place without its last name.
fn object(trail: &Trail) -> Option<(&[model::TrailStep], &str)> {
    let (last, before) = trail.steps.split_last()?;
    match &last.place {
        LayerPlace::At(name) => Some((before, name.rsplit_once('.').map_or("", |(object, _)| object))),
        LayerPlace::Whole => None,
    }
}
