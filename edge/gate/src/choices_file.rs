//! The current choices, and the file that stores them.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use guard::Choices;
use knowledge::kinds::KindTable;
use model::Time;

use crate::{ChoiceChange, Error, comments, files};

/// Choices that can change at any time; each decision uses the current ones.
pub(crate) struct ChoicesFile {
    path: PathBuf,
    now: RwLock<Arc<Choices>>,
    /// The text that was last read or written, and the error in it, if any.
    last: Mutex<LastChoices>,
}

#[derive(Default)]
struct LastChoices {
    text: Option<String>,
    trouble: Option<String>,
}

impl ChoicesFile {
    /// Reads the file. If it is invalid, there are no earlier choices to use,
    /// so everything is off.
    pub(crate) fn open(path: PathBuf, kinds: &KindTable) -> Result<Self, Error> {
        let chosen = Self { path, now: RwLock::default(), last: Mutex::default() };
        chosen.reload(kinds)?;
        Ok(chosen)
    }

    pub(crate) fn now(&self) -> Arc<Choices> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The error in the file, if it could not be read.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).trouble.clone()
    }

    /// Reads the file again if it was edited. True: the choices have changed.
    pub(crate) fn reload(&self, kinds: &KindTable) -> Result<bool, Error> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let text = files::read(&self.path)?;
        if text == last.text {
            return Ok(false);
        }
        let read = Choices::parse(text.as_deref().unwrap_or_default(), kinds);
        last.text = text;
        match read {
            Ok(choices) => {
                last.trouble = None;
                let changed = *self.now() != choices;
                *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(choices);
                Ok(changed)
            }
            Err(bad) => {
                last.trouble = Some(bad.to_string());
                Ok(false)
            }
        }
    }

    /// Makes a change: first in the file, then for the next request.
    pub(crate) fn change(&self, change: &ChoiceChange, wall: Time) -> Result<(), Error> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // The user may be editing the invalid file, so it must not be
        // overwritten.
        if last.trouble.is_some() {
            return Err(Error::Bad(self.path.clone(), "correct or delete it first".into()));
        }
        let mut choices = Choices::clone(&self.now());
        change.make(&mut choices, wall);
        // The user's comments and their order in the file stay.
        let text = comments::kept(last.text.as_deref().unwrap_or_default(), &choices.print());
        files::write(&self.path, &text)?;
        last.text = Some(text);
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(choices);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use knowledge::Knowledge;
    use model::{Kind, Mode};

    use super::*;

    #[test]
    fn an_edited_file_counts_and_a_broken_one_changes_nothing() {
        let (folder, kinds) = (tempfile::tempdir().unwrap(), Knowledge::built_in().kinds);
        let path = folder.path().join("choices.toml");
        let chosen = ChoicesFile::open(path.clone(), &kinds).unwrap();
        let turn = ChoiceChange::Turn { device: None, kind: Kind::new("search"), mode: Mode::Normal, on: true };
        chosen.change(&turn, Time(0)).unwrap();
        assert!(!chosen.reload(&kinds).unwrap(), "our own writing is no edit");
        let text = files::read(&path).unwrap().unwrap();
        files::write(&path, &text.replace("[kinds.search]", "[kinds.serch]")).unwrap();
        assert!(!chosen.reload(&kinds).unwrap());
        assert!(chosen.trouble().unwrap().contains("serch"));
        assert_eq!(chosen.now().table.cell(&Kind::new("search"), Mode::Normal), Some(true), "as before");
        assert!(chosen.change(&turn, Time(0)).is_err(), "the person's edit is not overwritten");
        files::write(&path, &text.replace("\"on\"", "\"off\"")).unwrap();
        assert!(chosen.reload(&kinds).unwrap());
        assert_eq!(chosen.now().table.cell(&Kind::new("search"), Mode::Normal), Some(false));
        assert_eq!(chosen.trouble(), None);
    }

    #[test]
    fn a_click_on_the_page_leaves_what_the_person_wrote() {
        let (folder, kinds) = (tempfile::tempdir().unwrap(), Knowledge::built_in().kinds);
        let path = folder.path().join("choices.toml");
        let mine = "# my own words\n[kinds.search] # for work\nnormal = 'on' # since May\n";
        files::write(&path, mine).unwrap();
        let chosen = ChoicesFile::open(path.clone(), &kinds).unwrap();
        let turn = |mode, on| ChoiceChange::Turn { device: None, kind: Kind::new("search"), mode, on };
        chosen.change(&turn(Mode::Private, true), Time(0)).unwrap();
        chosen.change(&turn(Mode::Normal, false), Time(0)).unwrap();
        let text = files::read(&path).unwrap().unwrap();
        for word in ["# my own words", "# for work", "# since May"] {
            assert_eq!(text.matches(word).count(), 1, "{word}: {text}");
        }
        assert!(!chosen.reload(&kinds).unwrap() && chosen.trouble().is_none(), "{text}");
        assert_eq!(Choices::parse(&text, &kinds).unwrap(), *chosen.now());
    }
}
