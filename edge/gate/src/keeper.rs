//! All that the guard knows and was told, for its ports and its pages.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use guard::{Choices, Decision, Verdict, Who};
use knowledge::Knowledge;
use model::{Exchange, Mode, Time};
use tokio::sync::broadcast;

use crate::{
    Change, Error, Event,
    chosen::Chosen,
    clients::{Clients, lock},
    clock,
    entered::EnteredFile,
    files,
    kept::Kept,
};

/// Where the guard keeps its files: one folder that only the person can read.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

/// The guard.
pub struct Keeper {
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) clients: Clients,
    chosen: Chosen,
    entered: Mutex<EnteredFile>,
    kept: tokio::sync::RwLock<Option<Kept>>,
    shown: Mutex<Shown>,
    news: broadcast::Sender<Arc<Event>>,
    folder: PathBuf,
}

/// What the pages show. It is in memory only.
#[derive(Default)]
struct Shown {
    next: u64,
    events: VecDeque<Arc<Event>>,
    devices: BTreeMap<String, DeviceSeen>,
    changes: VecDeque<Told>,
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
pub struct Told {
    pub at: Time,
    pub says: String,
}

/// Events that are remembered.
const MOST: usize = 1_000;
const MOST_CHANGES: usize = 500;
const MOST_DEVICES: usize = 256;

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeper(..)")
    }
}

impl Folder {
    fn choices(&self) -> PathBuf {
        self.0.join("choices.toml")
    }

    fn entered(&self) -> PathBuf {
        self.0.join("entered.toml")
    }

    /// Forgets every value that the person entered.
    pub fn forget(&self, knowledge: &Knowledge) -> Result<(), Error> {
        EnteredFile::open(self.entered())?.forget(knowledge).map(drop)
    }
}

impl Keeper {
    /// Reads what was chosen and entered before.
    pub fn open(knowledge: Arc<Knowledge>, folder: &Folder) -> Result<Arc<Self>, Error> {
        files::folder(&folder.0)?;
        let entered = EnteredFile::open(folder.entered())?;
        let prepared = entered.prepared(&knowledge);
        Ok(Arc::new(Self {
            chosen: Chosen::open(folder.choices(), &knowledge.kinds)?,
            clients: Clients::new(Arc::clone(&knowledge), prepared),
            knowledge,
            entered: Mutex::new(entered),
            kept: tokio::sync::RwLock::new(Some(Kept::begin(&folder.0.join("evidence"))?)),
            shown: Mutex::default(),
            news: broadcast::channel(256).0,
            folder: folder.0.clone(),
        }))
    }

    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// The choices of this moment.
    pub fn choices(&self) -> Arc<Choices> {
        self.chosen.now()
    }

    /// What is wrong with the file of choices, if it could not be read.
    pub fn trouble(&self) -> Option<String> {
        self.chosen.trouble()
    }

    /// Makes a change. When this returns it counts for every request that comes,
    /// and is written down.
    pub async fn change(&self, change: &Change) -> Result<(), Error> {
        self.chosen.change(change, clock::wall())?;
        self.tell(change.says()).await
    }

    /// Looks whether the file was edited, and forgets what is too old.
    pub async fn look_around(&self) -> Result<(), Error> {
        if self.chosen.reload(&self.knowledge.kinds)? {
            self.tell("the file of choices was edited".into()).await?;
        }
        self.clients.forget_old(clock::now());
        Ok(())
    }

    async fn tell(&self, says: String) -> Result<(), Error> {
        let told = Told { at: clock::wall(), says };
        files::append(&self.folder.join("changes.log"), &format!("{} {}", told.at, told.says))?;
        if let Some(kept) = &*self.kept.read().await {
            kept.note("choice", told.says.clone()).await;
            kept.settle().await;
        }
        let mut shown = lock(&self.shown);
        shown.changes.push_back(told);
        while shown.changes.len() > MOST_CHANGES {
            shown.changes.pop_front();
        }
        Ok(())
    }

    /// Looks for a value of the person from now on.
    pub fn enter(&self, kind: &str, value: &str) -> Result<(), Error> {
        let entered = lock(&self.entered).add(&self.knowledge, kind, value)?;
        self.clients.enter(entered);
        Ok(())
    }

    /// Forgets every value of the person.
    pub fn forget(&self) -> Result<(), Error> {
        let entered = lock(&self.entered).forget(&self.knowledge)?;
        self.clients.enter(entered);
        Ok(())
    }

    /// How many values of each kind were entered.
    pub fn entered(&self) -> BTreeMap<String, usize> {
        lock(&self.entered).counts()
    }

    /// Pages of a browser on this machine went there and asked for that, says
    /// the extension in it.
    pub fn listed(&self, who: &Who, pages: &[String], requests: &[String]) {
        let now = clock::now();
        self.clients.tell(who, |client| {
            client.lists();
            pages.iter().for_each(|url| client.page(url, now));
            requests.iter().for_each(|url| client.listed(url));
        });
    }

    /// The newest events first.
    pub fn events(&self) -> Vec<Arc<Event>> {
        lock(&self.shown).events.iter().rev().cloned().collect()
    }

    pub fn event(&self, id: u64) -> Option<Arc<Event>> {
        lock(&self.shown).events.iter().find(|event| event.id == id).cloned()
    }

    /// Events as they come.
    pub fn news(&self) -> broadcast::Receiver<Arc<Event>> {
        self.news.subscribe()
    }

    pub fn devices(&self) -> BTreeMap<String, DeviceSeen> {
        lock(&self.shown).devices.clone()
    }

    /// The newest changes first.
    pub fn changes(&self) -> Vec<Told> {
        lock(&self.shown).changes.iter().rev().cloned().collect()
    }

    /// The file in which stopped and asked requests are kept.
    pub async fn evidence(&self) -> Option<PathBuf> {
        self.kept.read().await.as_ref().map(|kept| Path::to_owned(kept.path()))
    }

    /// Ends the evidence. To be called once, at the end.
    pub async fn finish(&self) -> Result<(), Error> {
        let Some(mut kept) = self.kept.write().await.take() else { return Ok(()) };
        // The writer waits for its thread.
        tokio::task::spawn_blocking(move || kept.finish()).await.unwrap_or(Ok(()))
    }

    pub(crate) fn seen(&self, who: &Who) {
        let mut shown = lock(&self.shown);
        if shown.devices.len() < MOST_DEVICES || shown.devices.contains_key(&who.device) {
            let device = shown.devices.entry(who.device.clone()).or_default();
            (device.last, device.mode) = (clock::wall(), who.mode);
        }
    }

    pub(crate) async fn decided(&self, who: &Who, exchange: &Exchange, event: Event, decision: &Decision) {
        let event = {
            let mut shown = lock(&self.shown);
            shown.next += 1;
            let event = Arc::new(Event { id: shown.next, ..event });
            if let Some(device) = shown.devices.get_mut(&who.device) {
                match (decision.verdict, &decision.reason) {
                    (_, guard::Reason::Unread) => device.unread += 1,
                    (Verdict::Absorb | Verdict::Cut, _) => device.stopped += 1,
                    _ => device.asked += 1,
                }
            }
            shown.events.push_back(Arc::clone(&event));
            while shown.events.len() > MOST {
                shown.events.pop_front();
            }
            event
        };
        // Nobody may be looking.
        let _ = self.news.send(event);
        if let Some(kept) = &*self.kept.read().await {
            kept.exchange(exchange, decision, who.mode).await;
        }
    }
}
