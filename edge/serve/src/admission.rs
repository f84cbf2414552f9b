//! The stored admissions: the key for our own programs, and a digest of the
//! cookie for each admitted browser.
//!
//! Only the user can read the file. It contains the key, but the cookies cannot
//! be calculated from the digests.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Error;

/// The content of the file.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdmissionList {
    pub(crate) key: Option<String>,
    #[serde(default)]
    pub(crate) browser: Vec<AdmittedBrowser>,
}

/// A browser that was admitted.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdmittedBrowser {
    /// SHA-256 of its cookie.
    pub(crate) cookie: String,
    /// Until when it is admitted, in seconds since the epoch.
    pub(crate) until: i64,
}

/// The path of the file. None: admissions end with this run.
pub(crate) struct AdmissionFile(Option<PathBuf>);

impl AdmissionFile {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self(path)
    }

    /// The stored admissions. If the file cannot be read, nobody is admitted.
    pub(crate) fn read(&self) -> AdmissionList {
        let text = self.0.as_ref().and_then(|path| gate::read_private(path).ok().flatten());
        text.and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
    }

    pub(crate) fn write(&self, all: &AdmissionList) -> Result<(), Error> {
        let Some(path) = &self.0 else { return Ok(()) };
        // A list of tables with strings and numbers is always valid TOML.
        let text = toml::to_string(all).unwrap_or_default();
        Ok(gate::write_private(path, &text)?)
    }
}
