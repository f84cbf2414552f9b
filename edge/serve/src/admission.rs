//! Who is let in, kept from one run to the next: the key of our own programs, and
//! of browsers that came in no more than a digest of their cookie.
//!
//! The file is for this person alone. Who reads it holds the key; the cookies
//! cannot be made from it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Error;

/// What stands in the file.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdmissionList {
    pub(crate) key: Option<String>,
    #[serde(default)]
    pub(crate) browser: Vec<AdmittedBrowser>,
}

/// A browser that came in.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdmittedBrowser {
    /// SHA-256 of its cookie.
    pub(crate) cookie: String,
    /// Seconds since the epoch until which it stays in.
    pub(crate) until: i64,
}

/// Where it is kept; nowhere, if it is to be gone with this run.
pub(crate) struct AdmissionFile(Option<PathBuf>);

impl AdmissionFile {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self(path)
    }

    /// What was kept. A file that cannot be read lets nobody in.
    pub(crate) fn read(&self) -> AdmissionList {
        let text = self.0.as_ref().and_then(|path| gate::read_private(path).ok().flatten());
        text.and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
    }

    pub(crate) fn write(&self, all: &AdmissionList) -> Result<(), Error> {
        let Some(path) = &self.0 else { return Ok(()) };
        // Strings and numbers in a list of tables: TOML can say all of them.
        let text = toml::to_string(all).unwrap_or_default();
        Ok(gate::write_private(path, &text)?)
    }
}
