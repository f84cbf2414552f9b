//! The guard's state, shared by its ports and its pages.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use guard::{Choices, ClientIdentity, Decision};
use knowledge::Knowledge;
use model::{Exchange, NoteCode};

use crate::{
    ActivityFeed, ChangeNotice, ChoiceChange, Error, GuardEvent,
    choices_file::ChoicesFile,
    clients::{ClientTable, lock},
    clock,
    digests::{self, DigestsFile},
    entered::EnteredFile,
    files,
    inspection_pool::InspectionPool,
    kept_evidence::KeptEvidence,
};

/// The guard's directory, which only the user can read.
#[derive(Clone, Debug)]
pub struct GuardFolder(pub PathBuf);

/// The state of the running guard.
pub struct GuardState {
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) clients: ClientTable,
    pub(crate) inspections: InspectionPool,
    chosen: ChoicesFile,
    entered: Mutex<EnteredFile>,
    kept: tokio::sync::RwLock<Option<KeptEvidence>>,
    board: Arc<ActivityFeed>,
    folder: PathBuf,
    pruned: Mutex<Instant>,
    digests: DigestsFile,
    digested: Mutex<Instant>,
}

impl fmt::Debug for GuardState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeper(..)")
    }
}

/// How often old evidence is deleted.
const PRUNING: Duration = Duration::from_secs(10 * 60);
/// How often the digests of visited addresses are stored: a guard that is
/// killed loses this much.
const DIGESTING: Duration = Duration::from_secs(20);

/// Whether the interval has passed; if so, a new interval starts.
fn is_due(last: &Mutex<Instant>, often: Duration) -> bool {
    let mut last = lock(last);
    let due = last.elapsed() > often;
    if due {
        *last = Instant::now();
    }
    due
}

impl GuardFolder {
    fn choices(&self) -> PathBuf {
        self.0.join("choices.toml")
    }

    fn entered(&self) -> PathBuf {
        self.0.join("entered.toml")
    }

    /// Adds a value to search for; a running guard notices the change of the
    /// file.
    pub fn enter(&self, knowledge: &Knowledge, kind: &str, value: &str) -> Result<(), Error> {
        files::folder(&self.0)?;
        EnteredFile::open(self.entered())?.add(knowledge, kind, value).map(drop)
    }

    /// Deletes every value that the user entered.
    pub fn forget(&self, knowledge: &Knowledge) -> Result<(), Error> {
        EnteredFile::open(self.entered())?.forget(knowledge).map(drop)
    }
}

impl GuardState {
    /// Reads the stored choices and entered values.
    pub fn open(knowledge: Arc<Knowledge>, folder: &GuardFolder) -> Result<Arc<Self>, Error> {
        files::folder(&folder.0)?;
        let entered = EnteredFile::open(folder.entered())?;
        let prepared = entered.prepared(&knowledge);
        let digests = DigestsFile::new(&folder.0);
        Ok(Arc::new(Self {
            chosen: ChoicesFile::open(folder.choices(), &knowledge.kinds)?,
            clients: ClientTable::remembering(
                Arc::clone(&knowledge),
                prepared,
                digests::key(&folder.0)?,
                digests.read(),
            ),
            digests,
            inspections: InspectionPool::default(),
            knowledge,
            entered: Mutex::new(entered),
            kept: tokio::sync::RwLock::new(Some(KeptEvidence::begin(&folder.0.join("evidence"))?)),
            board: Arc::default(),
            folder: folder.0.clone(),
            pruned: Mutex::new(Instant::now()),
            digested: Mutex::new(Instant::now()),
        }))
    }

    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// The current choices.
    pub fn choices(&self) -> Arc<Choices> {
        self.chosen.now()
    }

    /// The error in the choices file, if it could not be read.
    pub fn trouble(&self) -> Option<String> {
        self.chosen.trouble()
    }

    /// Makes a change. When this returns, the change applies to every new
    /// request and is stored.
    pub async fn change(&self, change: &ChoiceChange) -> Result<(), Error> {
        self.chosen.change(change, clock::wall())?;
        self.tell(change.says()).await
    }

    /// Reads the files again if they were edited, and deletes old data.
    pub async fn look_around(&self) -> Result<(), Error> {
        let entered = lock(&self.entered).reload(&self.knowledge)?;
        entered.into_iter().for_each(|entered| self.clients.enter(entered));
        if self.chosen.reload(&self.knowledge.kinds)? {
            self.tell("the file of choices was edited".into()).await?;
        }
        self.clients.forget_old(clock::now());
        self.turn_over().await?;
        if is_due(&self.pruned, PRUNING)
            && let Some(kept) = &*self.kept.read().await
        {
            kept.prune()?;
        }
        if is_due(&self.digested, DIGESTING) {
            self.digests.write(&self.clients.digested(clock::now()))?;
        }
        Ok(())
    }

    async fn tell(&self, says: String) -> Result<(), Error> {
        let told = ChangeNotice { at: clock::wall(), says };
        files::append(&self.folder.join("changes.log"), &format!("{} {}", told.at, told.says))?;
        if let Some(kept) = &*self.kept.read().await {
            kept.note(NoteCode::Choice, told.says.clone()).await;
            kept.settle().await;
        }
        self.board.tell(told);
        Ok(())
    }

    /// Adds a value to search for.
    pub fn enter(&self, kind: &str, value: &str) -> Result<(), Error> {
        let entered = lock(&self.entered).add(&self.knowledge, kind, value)?;
        self.clients.enter(entered);
        Ok(())
    }

    /// Deletes every value that the user entered.
    pub fn forget(&self) -> Result<(), Error> {
        let entered = lock(&self.entered).forget(&self.knowledge)?;
        self.clients.enter(entered);
        Ok(())
    }

    /// How many values of each kind the user entered.
    pub fn entered(&self) -> BTreeMap<String, usize> {
        lock(&self.entered).counts()
    }

    /// Takes a report of the browser extension: the pages that were visited on
    /// this machine, and the requests that they made.
    pub fn listed(&self, who: &ClientIdentity, pages: &[String], requests: &[String]) {
        let now = clock::now();
        self.clients.tell(who, |client| {
            client.lists(now);
            pages.iter().for_each(|url| client.page(url, now));
            requests.iter().for_each(|url| client.listed(url));
        });
    }

    /// The activity that the guard's pages show.
    pub fn board(&self) -> &Arc<ActivityFeed> {
        &self.board
    }

    /// The current evidence file with the stopped and shown requests.
    pub async fn evidence(&self) -> Option<PathBuf> {
        self.kept.read().await.as_ref().map(|kept| Path::to_owned(kept.path()))
    }

    /// All evidence files, the newest first.
    pub async fn all_evidence(&self) -> Vec<PathBuf> {
        self.kept.read().await.as_ref().map(KeptEvidence::all).unwrap_or_default()
    }

    /// Starts a new evidence file when the current one is full or lost, and
    /// deletes old ones. If evidence was lost, the page and the new file say
    /// so.
    async fn turn_over(&self) -> Result<(), Error> {
        let mut kept = self.kept.write().await;
        if !kept.as_ref().is_some_and(KeptEvidence::is_over) {
            return Ok(());
        }
        let full = kept.take();
        let folder = self.folder.join("evidence");
        let next = tokio::task::spawn_blocking(move || {
            (full.map_or(Ok(()), KeptEvidence::finish), KeptEvidence::begin(&folder))
        });
        let (finished, next) =
            next.await.unwrap_or_else(|_| (Ok(()), KeptEvidence::begin(&self.folder.join("evidence"))));
        if let Err(error) = &finished {
            self.board.tell(ChangeNotice { at: clock::wall(), says: error.with_cause() });
        }
        let next = next?;
        if let Err(error) = &finished {
            next.note(NoteCode::EvidenceLost, error.with_cause()).await;
        }
        *kept = Some(next);
        // Returns the loss once, so that it is also reported without an open
        // page.
        finished
    }

    /// Ends the evidence. Must be called once, when the guard ends.
    pub async fn finish(&self) -> Result<(), Error> {
        self.digests.write(&self.clients.digested(clock::now()))?;
        let Some(kept) = self.kept.write().await.take() else { return Ok(()) };
        // `finish` blocks until the writer thread has ended.
        tokio::task::spawn_blocking(move || kept.finish()).await.unwrap_or(Ok(()))
    }

    pub(crate) fn seen(&self, who: &ClientIdentity) {
        self.board.seen(&who.device, who.mode);
    }

    pub(crate) async fn decided(&self, exchange: &Exchange, event: GuardEvent, decision: &Decision) {
        self.board.add(event);
        if let Some(kept) = &*self.kept.read().await {
            kept.exchange(exchange, decision).await;
        }
        let is_over = self.kept.read().await.as_ref().is_some_and(KeptEvidence::is_over);
        if is_over && let Err(error) = self.turn_over().await {
            self.board
                .tell(ChangeNotice { at: clock::wall(), says: format!("what is stopped cannot be kept: {error}") });
        }
    }
}
