//! All that the guard knows and was told, for its ports and its pages.

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

/// Where the guard keeps its files: one folder that only the person can read.
#[derive(Clone, Debug)]
pub struct GuardFolder(pub PathBuf);

/// The guard.
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

/// How often old evidence is let go of.
const PRUNING: Duration = Duration::from_secs(10 * 60);
/// How often is written down what was visited: a guard that is killed forgets so much.
const DIGESTING: Duration = Duration::from_secs(20);

/// Whether it is time again; then it begins anew.
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

    /// Looks for a value of the person from now on; a guard that runs notices.
    pub fn enter(&self, knowledge: &Knowledge, kind: &str, value: &str) -> Result<(), Error> {
        files::folder(&self.0)?;
        EnteredFile::open(self.entered())?.add(knowledge, kind, value).map(drop)
    }

    /// Forgets every value that the person entered.
    pub fn forget(&self, knowledge: &Knowledge) -> Result<(), Error> {
        EnteredFile::open(self.entered())?.forget(knowledge).map(drop)
    }
}

impl GuardState {
    /// Reads what was chosen and entered before.
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
    pub async fn change(&self, change: &ChoiceChange) -> Result<(), Error> {
        self.chosen.change(change, clock::wall())?;
        self.tell(change.says()).await
    }

    /// Looks whether the files were edited, and forgets what is too old.
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
    pub fn listed(&self, who: &ClientIdentity, pages: &[String], requests: &[String]) {
        let now = clock::now();
        self.clients.tell(who, |client| {
            client.lists(now);
            pages.iter().for_each(|url| client.page(url, now));
            requests.iter().for_each(|url| client.listed(url));
        });
    }

    /// What its pages show.
    pub fn board(&self) -> &Arc<ActivityFeed> {
        &self.board
    }

    /// The file in which stopped and asked requests are kept.
    pub async fn evidence(&self) -> Option<PathBuf> {
        self.kept.read().await.as_ref().map(|kept| Path::to_owned(kept.path()))
    }

    /// Every file of evidence that is kept, the newest first.
    pub async fn all_evidence(&self) -> Vec<PathBuf> {
        self.kept.read().await.as_ref().map(KeptEvidence::all).unwrap_or_default()
    }

    /// Begins another file when one is full or lost, and lets go of old ones. What was lost is told
    /// to the person, and stands in the new file.
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
        // The loss is told once, also where nobody looks at the page.
        finished
    }

    /// Ends the evidence. To be called once, at the end.
    pub async fn finish(&self) -> Result<(), Error> {
        self.digests.write(&self.clients.digested(clock::now()))?;
        let Some(kept) = self.kept.write().await.take() else { return Ok(()) };
        // The writer waits for its thread.
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
