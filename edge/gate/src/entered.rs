//! Values that the user entered, in one file that only the user can read.
//!
//! The guard searches for an entered value, but never shows, logs or writes it
//! elsewhere. It only tells how many values of each kind there are.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use guard::EnteredValues;
use knowledge::Knowledge;
use serde::{Deserialize, Serialize};

use crate::{Error, files};

/// The file with the entered values.
pub(crate) struct EnteredFile {
    path: PathBuf,
    values: Vec<StoredValue>,
    /// The text that was last read or written.
    text: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredValue {
    kind: String,
    value: String,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredValues {
    #[serde(default)]
    value: Vec<StoredValue>,
}

impl EnteredFile {
    pub(crate) fn open(path: PathBuf) -> Result<Self, Error> {
        let text = files::read(&path)?;
        Ok(Self { values: parse(&path, text.as_deref())?, path, text })
    }

    /// Reads the file again if another process changed it. Some: the values
    /// have changed.
    pub(crate) fn reload(&mut self, knowledge: &Knowledge) -> Result<Option<EnteredValues>, Error> {
        let text = files::read(&self.path)?;
        if text == self.text {
            return Ok(None);
        }
        self.values = parse(&self.path, text.as_deref())?;
        self.text = text;
        Ok(Some(self.prepared(knowledge)))
    }

    /// Adds a value. An error says why the guard cannot search for the value.
    pub(crate) fn add(&mut self, knowledge: &Knowledge, kind: &str, value: &str) -> Result<EnteredValues, Error> {
        let (_, refused) = EnteredValues::new(knowledge, [(kind, value)]);
        if let Some(refused) = refused.first() {
            return Err(Error::Bad(self.path.clone(), format!("the value {}", refused.says)));
        }
        // Another Candor process may have added a value.
        self.reload(knowledge)?;
        self.values.push(StoredValue { kind: kind.to_owned(), value: value.trim().to_owned() });
        self.write()?;
        Ok(self.prepared(knowledge))
    }

    /// Deletes all values and the file.
    pub(crate) fn forget(&mut self, knowledge: &Knowledge) -> Result<EnteredValues, Error> {
        self.values.clear();
        self.text = None;
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::Write(self.path.clone(), error)),
            _ => Ok(self.prepared(knowledge)),
        }
    }

    pub(crate) fn prepared(&self, knowledge: &Knowledge) -> EnteredValues {
        EnteredValues::new(knowledge, self.values.iter().map(|value| (value.kind.as_str(), value.value.as_str()))).0
    }

    /// How many values there are of each kind.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for value in &self.values {
            *counts.entry(value.kind.clone()).or_default() += 1;
        }
        counts
    }

    fn write(&mut self) -> Result<(), Error> {
        let values =
            self.values.iter().map(|value| StoredValue { kind: value.kind.clone(), value: value.value.clone() });
        // A list of tables with strings is always valid TOML.
        let text = toml::to_string(&StoredValues { value: values.collect() }).unwrap_or_default();
        files::write(&self.path, &text)?;
        self.text = Some(text);
        Ok(())
    }
}

fn parse(path: &Path, text: Option<&str>) -> Result<Vec<StoredValue>, Error> {
    // The error message of toml would quote from the file.
    let read: Result<StoredValues, _> = toml::from_str(text.unwrap_or_default());
    Ok(read.map_err(|_| Error::Bad(path.to_owned(), "it is no list of values".into()))?.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_outlives_the_program_until_it_is_forgotten() {
        let (folder, knowledge) = (tempfile::tempdir().unwrap(), Knowledge::built_in());
        let path = folder.path().join("entered.toml");
        let mut file = EnteredFile::open(path.clone()).unwrap();
        file.add(&knowledge, "email", " jo@mail-finukgurmann.example ").unwrap();
        let mut again = EnteredFile::open(path.clone()).unwrap();
        assert_eq!(again.counts(), BTreeMap::from([("email".to_owned(), 1)]));
        assert_eq!(again.prepared(&knowledge).len(), 1);
        assert!(again.forget(&knowledge).unwrap().is_empty());
        assert!(!path.exists());
    }

    #[test]
    fn what_another_program_enters_or_forgets_counts_here_too() {
        let (folder, knowledge) = (tempfile::tempdir().unwrap(), Knowledge::built_in());
        let path = folder.path().join("entered.toml");
        let (mut one, mut other) = (EnteredFile::open(path.clone()).unwrap(), EnteredFile::open(path).unwrap());
        one.add(&knowledge, "email", "jo@mail-finukgurmann.example").unwrap();
        assert_eq!(other.reload(&knowledge).unwrap().unwrap().len(), 1);
        assert!(other.reload(&knowledge).unwrap().is_none(), "nothing new");
        one.add(&knowledge, "email", "joe@mail-finukgurmann.example").unwrap();
        assert_eq!(other.add(&knowledge, "email", "jim@mail-finukgurmann.example").unwrap().len(), 3);
        other.forget(&knowledge).unwrap();
        assert!(one.reload(&knowledge).unwrap().unwrap().is_empty());
    }

    #[test]
    fn what_would_be_found_everywhere_is_refused_without_being_shown() {
        let (folder, knowledge) = (tempfile::tempdir().unwrap(), Knowledge::built_in());
        let mut file = EnteredFile::open(folder.path().join("entered.toml")).unwrap();
        let error = file.add(&knowledge, "person-name", "zoe").unwrap_err().to_string();
        assert!(error.contains("too short") && !error.contains("zoe"), "{error}");
    }

    #[test]
    fn a_broken_file_is_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("entered.toml");
        files::write(&path, "[[value]]\nsecret-number = 4711").unwrap();
        let error = EnteredFile::open(path).err().unwrap();
        assert!(!format!("{error} {error:?}").contains("4711"));
    }
}
