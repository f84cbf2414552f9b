//! The guard's recent activity for its pages: the last events, the devices, and
//! counts. It exists only in memory.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex},
};

use guard::{DecisionReason, GuardAction};
use model::{Mode, Time};
use tokio::sync::broadcast;

use crate::{GuardEvent, HourlyCounts, clients::lock, clock};

/// Events, devices and changes, for all who subscribe.
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
    /// Pairing codes of devices that are waiting, the newest first.
    codes: VecDeque<(String, String)>,
}

/// When and how a device was last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceSeen {
    pub last: Time,
    pub mode: Mode,
    pub stopped: u64,
    pub asked: u64,
    pub unread: u64,
}

/// A change of the choices, and when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeNotice {
    pub at: Time,
    pub says: String,
}

/// How many events are remembered.
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
    /// Notes that a device has just sent something.
    pub fn seen(&self, device: &str, mode: Mode) {
        let mut shown = lock(&self.shown);
        shown.codes.retain(|(asking, _)| asking != device);
        if shown.devices.len() < MOST_DEVICES || shown.devices.contains_key(device) {
            let device = shown.devices.entry(device.to_owned()).or_default();
            (device.last, device.mode) = (clock::wall(), mode);
        }
    }

    /// Shows the code for a device that is not paired yet. The code is shown
    /// until the device is seen.
    pub fn asks_for(&self, device: &str, code: &str) {
        let mut shown = lock(&self.shown);
        shown.codes.retain(|(asking, _)| asking != device);
        shown.codes.push_front((device.to_owned(), code.to_owned()));
        // The newest codes stay, so that codes of unknown devices cannot keep
        // the code of the user's own device from being shown.
        shown.codes.truncate(MOST_CODES);
    }

    /// The devices that are waiting, and the code for each.
    pub fn codes(&self) -> BTreeMap<String, String> {
        lock(&self.shown).codes.iter().cloned().collect()
    }

    /// Adds an event and gives it a number.
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
        // There may be no subscriber.
        let _ = self.news.send(event);
    }

    /// Adds a change.
    pub fn tell(&self, told: ChangeNotice) {
        let mut shown = lock(&self.shown);
        shown.changes.push_back(told);
        while shown.changes.len() > MOST_CHANGES {
            shown.changes.pop_front();
        }
    }

    /// All remembered events, the newest first.
    pub fn events(&self) -> Vec<Arc<GuardEvent>> {
        lock(&self.shown).events.iter().rev().cloned().collect()
    }

    pub fn event(&self, id: u64) -> Option<Arc<GuardEvent>> {
        lock(&self.shown).events.iter().find(|event| event.id == id).cloned()
    }

    /// A receiver for new events.
    pub fn news(&self) -> broadcast::Receiver<Arc<GuardEvent>> {
        self.news.subscribe()
    }

    pub fn devices(&self) -> BTreeMap<String, DeviceSeen> {
        lock(&self.shown).devices.clone()
    }

    /// All remembered changes, the newest first.
    pub fn changes(&self) -> Vec<ChangeNotice> {
        lock(&self.shown).changes.iter().rev().cloned().collect()
    }

    /// The counts of events since this time.
    pub fn tally_since(&self, start: Time) -> HourlyCounts {
        lock(&self.shown).tally.since(start)
    }
}
