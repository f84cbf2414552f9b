//! The knowledge of Candor: the files of `data/`, parsed and checked.
//!
//! All files are text that a person can read and correct: kinds of data, formats of known programs,
//! owners of hosts, promises of makers, subjects, scenarios, and answers in place of servers. The
//! files are compiled in; [`Knowledge::with`] replaces or adds files.
#![forbid(unsafe_code)]

pub mod answers;

pub mod kinds;

pub mod owners;

pub mod promises;

pub mod scenarios;

pub mod schemas;

pub mod subjects;

use std::{collections::BTreeMap, fmt};

use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../data");

/// All that Candor knows, parsed.
#[derive(Clone, Debug)]
pub struct Knowledge {
    pub kinds: kinds::KindTable,
    pub schemas: Vec<schemas::Schema>,
    pub owners: owners::OwnerTable,
    pub promises: Vec<promises::Promise>,
    /// The makers' own statements about the data that they send.
    pub disclosures: Vec<promises::Disclosure>,
    pub subjects: Vec<subjects::SubjectSpec>,
    pub scenarios: Vec<scenarios::Scenario>,
    pub answers: answers::AnswerTable,
    /// Every file of `data/` by its path there, as bytes.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// A file of `data/` that cannot be used, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFile {
    pub path: String,
    pub says: String,
}

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "data file {}: {}", self.path, self.says)
    }
}

impl std::error::Error for BadFile {}

impl Knowledge {
    /// The built-in knowledge.
    pub fn built_in() -> Self {
        // A test reads every built-in file, so this cannot fail in a build that passed.
        Self::with([]).expect("the files of data/ were read by a test of this crate")
    }

    /// The built-in knowledge, with these files (path below `data/`, bytes) added or replaced.
    pub fn with(over: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, BadFile> {
        let mut files = BTreeMap::new();
        gather(&BUILT_IN, &mut files);
        files.extend(over);
        Self::read(files)
    }

    /// SHA-256 over all files, names included, in hex: part of a result's identity.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (path, bytes) in &self.files {
            hash.update((path.len() as u64).to_be_bytes());
            hash.update(path.as_bytes());
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn read(files: BTreeMap<String, Vec<u8>>) -> Result<Self, BadFile> {
        let mut kinds = kinds::KindTable::default();
        let mut schemas = Vec::new();
        let mut owners = owners::OwnerTable::default();
        let mut promises = Vec::new();
        let mut disclosures = Vec::new();
        let mut subjects = Vec::new();
        let mut scenarios = Vec::new();
        let mut answers = answers::AnswerTable::default();
        for (path, bytes) in &files {
            let Some((folder, text)) = toml_text(path, bytes)? else { continue };
            let bad = |says| BadFile { path: path.clone(), says };
            match folder {
                "" if path == "kinds.toml" => kinds = kinds::KindTable::parse(text).map_err(bad)?,
                "schemas" => schemas.push(schemas::Schema::parse(path, text).map_err(bad)?),
                "owners" => owners.add(text).map_err(bad)?,
                "promises" => {
                    promises.extend(promises::parse(text).map_err(bad)?);
                    disclosures.extend(promises::disclosures(text).map_err(bad)?);
                }
                "subjects" => subjects.push(subjects::SubjectSpec::parse(path, text).map_err(bad)?),
                "scenarios" => scenarios.push(scenarios::Scenario::parse(path, text).map_err(bad)?),
                "answers" => answers.add(answers::AnswerFile::parse(path, text).map_err(bad)?),
                _ => return Err(bad("is in no folder that Candor reads".into())),
            }
        }
        Ok(Self { kinds, schemas, owners, promises, disclosures, subjects, scenarios, answers, files })
    }
}

/// The folder and the text of a TOML file directly in it, or two below for
/// schemas. Other files belong to a subject and are only kept.
fn toml_text<'f>(path: &'f str, bytes: &'f [u8]) -> Result<Option<(&'f str, &'f str)>, BadFile> {
    if !path.ends_with(".toml") {
        return Ok(None);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| BadFile { path: path.into(), says: "is not UTF-8".into() })?;
    Ok(Some((path.split_once('/').map_or("", |(folder, _)| folder), text)))
}

fn gather(dir: &Dir<'_>, files: &mut BTreeMap<String, Vec<u8>>) {
    for file in dir.files() {
        files.insert(file.path().to_string_lossy().into_owned(), file.contents().to_vec());
    }
    for inner in dir.dirs() {
        gather(inner, files);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_file_is_read() {
        let knowledge = Knowledge::with([]).unwrap();
        assert!(knowledge.files.len() > 5);
    }

    #[test]
    fn a_bad_file_is_named_with_what_is_wrong() {
        let over = [("owners/x.toml".to_owned(), b"nonsense = 1".to_vec())];
        let error = Knowledge::with(over).unwrap_err().to_string();
        assert!(error.starts_with("data file owners/x.toml: "), "{error}");
    }
}
