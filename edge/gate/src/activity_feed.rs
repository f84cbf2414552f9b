//! What pages show of traffic: what happened last, by whom, and how much of it.
//! It is in memory only.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex},
};

use guard::{DecisionReason, GuardAction};
use model::{Mode, Time};
use tokio::sync::broadcast;

use crate::{GuardEvent, HourlyCounts, clients::lock, clock};

/// Events, devices and changes, for whoever looks.
pub struct ActivityFeed {
    shown: Mutex<FeedState>,
    news: broadcast::Sender<Arc<GuardEvent>>,
}

#[derive(Default)]
struct FeedState {
    next: u64,
    events: VecDeque<Arc<GuardEvent>>,
    devices: BTreeMap<String, DeviceSeen>,
    changes: VecDeque<ChangeNotice>,
    tally: HourlyCounts,
    /// Codes of devices that want in, the last first.
    codes: VecDeque<(String, String)>,
}

/// A device as it was last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceSeen {
    pub last: Time,
    pub mode: Mode,
    pub stopped: u64,
    pub asked: u64,
    pub unread: u64,
}

/// A change, and when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeNotice {
    pub at: Time,
    pub says: String,
}

/// Events that are remembered.
const MOST: usize = 1_000;
const MOST_CHANGES: usize = 500;
const MOST_DEVICES: usize = 256;
const MOST_CODES: usize = 16;

impl fmt::Debug for ActivityFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Board(..)")
    }
}

impl Default for ActivityFeed {
    fn default() -> Self {
        Self { shown: Mutex::default(), news: broadcast::channel(256).0 }
    }
}

impl ActivityFeed {
    /// A device was heard of just now.
    pub fn seen(&self, device: &str, mode: Mode) {
        let mut shown = lock(&self.shown);
        shown.codes.retain(|(asking, _)| asking != device);
        if shown.devices.len() < MOST_DEVICES || shown.devices.contains_key(device) {
            let device = shown.devices.entry(device.to_owned()).or_default();
            (device.last, device.mode) = (clock::wall(), mode);
        }
    }

    /// A device that is not paired yet must be given this code. It is shown
    /// until the device is heard of.
    pub fn asks_for(&self, device: &str, code: &str) {
        let mut shown = lock(&self.shown);
        shown.codes.retain(|(asking, _)| asking != device);
        shown.codes.push_front((device.to_owned(), code.to_owned()));
        // Strangers that ask must not keep the code of one's own device from being shown.
        shown.codes.truncate(MOST_CODES);
    }

    /// Devices that want in, and the code for each.
    pub fn codes(&self) -> BTreeMap<String, String> {
        lock(&self.shown).codes.iter().cloned().collect()
    }

    /// Something happened; it is given a number.
    pub fn add(&self, event: GuardEvent) {
        let event = {
            let mut shown = lock(&self.shown);
            shown.next += 1;
            let event = Arc::new(GuardEvent { id: shown.next, ..event });
            if let Some(device) = shown.devices.get_mut(&event.device) {
                match (event.verdict, &event.reason) {
                    (_, reason) if reason.is_unread() => device.unread += 1,
                    (GuardAction::Absorb | GuardAction::Cut, _) => device.stopped += 1,
                    (_, DecisionReason::Nothing) => {}
                    _ => device.asked += 1,
                }
            }
            shown.tally.add(&event);
            shown.events.push_back(Arc::clone(&event));
            while shown.events.len() > MOST {
                shown.events.pop_front();
            }
            event
        };
        // Nobody may be looking.
        let _ = self.news.send(event);
    }

    /// Something was changed.
    pub fn tell(&self, told: ChangeNotice) {
        let mut shown = lock(&self.shown);
        shown.changes.push_back(told);
        while shown.changes.len() > MOST_CHANGES {
            shown.changes.pop_front();
        }
    }

    /// The newest events first.
    pub fn events(&self) -> Vec<Arc<GuardEvent>> {
        lock(&self.shown).events.iter().rev().cloned().collect()
    }

    pub fn event(&self, id: u64) -> Option<Arc<GuardEvent>> {
        lock(&self.shown).events.iter().find(|event| event.id == id).cloned()
    }

    /// Events as they come.
    pub fn news(&self) -> broadcast::Receiver<Arc<GuardEvent>> {
        self.news.subscribe()
    }

    pub fn devices(&self) -> BTreeMap<String, DeviceSeen> {
        lock(&self.shown).devices.clone()
    }

    /// The newest changes first.
    pub fn changes(&self) -> Vec<ChangeNotice> {
        lock(&self.shown).changes.iter().rev().cloned().collect()
    }

    /// How much happened since a moment.
    pub fn tally_since(&self, start: Time) -> HourlyCounts {
        lock(&self.shown).tally.since(start)
    }
}
