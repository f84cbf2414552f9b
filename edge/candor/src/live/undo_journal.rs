//! Changes to phones that are to be undone, also after the process was killed.
//!
//! Each change is recorded before it is made, in a file beside the authority that
//! is named after our process id. The file is removed when all is undone. If the
//! process was killed, or has lost the phone, the next start with this phone undoes
//! the recorded changes, and no others.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use adb::{PendingUndo, Phone, UndoJournal};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{alive, folder};
use crate::{
    exit::talk,
    trust::android::{self, PhoneStores},
    written_file,
};

/// The changes of a run to a phone. Dropped, they are undone.
#[derive(Debug)]
pub struct RunJournal {
    phone: Phone,
    file: PathBuf,
    note: Mutex<JournalNote>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct JournalNote {
    pid: u32,
    began: String,
    /// The PID namespace of `pid`: in another one, such as a container's, the id means
    /// another process.
    counted: String,
    serial: String,
    /// The stores into which Candor installed its certificate.
    certificate: PhoneStores,
    proxies: Vec<JournalProxy>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct JournalProxy {
    port: u16,
    before: Option<String>,
}

impl RunJournal {
    /// Undoes the changes of killed runs to this phone, and begins a journal for this run.
    pub fn begin(home: &Path, phone: &Phone) -> Result<Arc<Self>> {
        folder::private(home)?;
        settle(home, phone)?;
        let pid = std::process::id();
        let note = JournalNote {
            pid,
            began: alive::since(pid).unwrap_or_default(),
            counted: counted(),
            serial: phone.serial().to_owned(),
            ..JournalNote::default()
        };
        let file = home.join(format!("phone-{pid}.lock"));
        Ok(Arc::new(Self { phone: phone.clone(), file, note: Mutex::new(note) }))
    }

    /// Records that the certificate will be installed in these stores.
    pub fn certificate(&self, to: PhoneStores) -> Result<()> {
        self.write(|note| note.certificate = to).context("cannot write down what is to be undone on the phone")
    }

    /// Undoes the recorded changes. If this fails they stay recorded for the next start.
    pub fn end(&self) -> Result<()> {
        let mut note = self.note.lock().unwrap_or_else(PoisonError::into_inner);
        if note.certificate != PhoneStores::NONE || !note.proxies.is_empty() {
            pay(&self.phone, &note)?;
            (note.certificate, note.proxies) = (PhoneStores::NONE, vec![]);
            fs::remove_file(&self.file).with_context(|| format!("cannot remove {}", self.file.display()))?;
        }
        Ok(())
    }

    /// Writes the file anew and renames it, because a partial file could not be read.
    fn write(&self, change: impl FnOnce(&mut JournalNote)) -> io::Result<()> {
        let mut note = self.note.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut note);
        let beside = self.file.with_extension("new");
        written_file::write(&beside, serde_json::to_vec(&*note)?)?;
        fs::rename(beside, &self.file)
    }
}

impl UndoJournal for RunJournal {
    fn owes(&self, debt: &PendingUndo) -> io::Result<()> {
        let proxy = JournalProxy { port: debt.port, before: debt.before.clone() };
        self.write(|note| {
            note.proxies.retain(|known| known.port != proxy.port);
            note.proxies.push(proxy);
        })
    }
}

impl Drop for RunJournal {
    fn drop(&mut self) {
        // This fails if the phone is unplugged; the file stays until the phone is back.
        let _ = self.end();
    }
}

/// Undoes the changes of killed runs to this phone.
pub fn settle(home: &Path, phone: &Phone) -> Result<()> {
    // Without the folder there are no journals.
    let Ok(entries) = fs::read_dir(home) else { return Ok(()) };
    for path in entries.flatten().map(|entry| entry.path()) {
        let Some(note) = left_by_the_dead(&path).filter(|note| note.serial == phone.serial()) else { continue };
        talk(&format!(
            "candor: a run with the phone {} was killed; what it set there is taken back first",
            note.serial
        ));
        pay(phone, &note)?;
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// Undoes the changes in reverse order: the setting that a change replaced may be
/// one that an earlier run of Candor made.
fn pay(phone: &Phone, note: &JournalNote) -> Result<()> {
    for JournalProxy { port, before } in note.proxies.iter().rev().cloned() {
        let debt = PendingUndo { port, before };
        debt.pay(phone)
            .context("the phone still has our proxy setting (adb shell settings put global http_proxy :0)")?;
    }
    if note.certificate != PhoneStores::NONE {
        android::remove_from(phone, note.certificate)
            .context("the phone still trusts Candor (candor ca remove --android)")?;
    }
    Ok(())
}

fn left_by_the_dead(path: &Path) -> Option<JournalNote> {
    let name = path.file_name()?.to_str()?;
    let pid: u32 = name.strip_prefix("phone-")?.strip_suffix(".lock")?.parse().ok()?;
    let note: JournalNote = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (note.pid == pid && note.counted == counted() && !alive::is(pid, &note.began)).then_some(note)
}

/// The PID namespace of this process.
fn counted() -> String {
    fs::read_link("/proc/self/ns/pid").map_or_else(|_| "unknown".into(), |link| link.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_dead_process_left_is_read() {
        let at = tempfile::tempdir().unwrap();
        let me = std::process::id();
        let note =
            |pid, began: &str| JournalNote { pid, began: began.into(), counted: counted(), ..JournalNote::default() };
        let left = |name: u32, note: &JournalNote| {
            let path = at.path().join(format!("phone-{name}.lock"));
            fs::write(&path, serde_json::to_vec(note).unwrap()).unwrap();
            left_by_the_dead(&path).is_some()
        };
        assert!(!left(me, &note(me, &alive::since(me).unwrap())));
        assert!(left(me, &note(me, "1")), "another process has its number");
        // Higher than any process id of the kernel.
        assert!(left(5_000_000, &note(5_000_000, "1")));
        assert!(!left(5_000_000, &note(77, "1")));
        assert!(!left(5_000_000, &JournalNote { counted: "pid:[1]".into(), ..note(5_000_000, "1") }), "of a container");
        fs::write(at.path().join("phone-5000000.lock"), "{").unwrap();
        assert!(left_by_the_dead(&at.path().join("phone-5000000.lock")).is_none());
    }
}
