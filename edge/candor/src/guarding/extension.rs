//! Writes Candor's extension for one browser, with a file that holds the guard's
//! addresses.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use include_dir::{Dir, include_dir};
use serde_json::json;

use super::running::RunningGuard;
use crate::written_file;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/extension");

/// The extension's id in Firefox.
pub const ID: &str = "extension@candor.invalid";

/// Writes the extension into this folder. `program` is the browser's process name.
pub fn lay_out(folder: &Path, running: &RunningGuard, program: &str) -> Result<()> {
    let failed = || format!("cannot write {}", folder.display());
    fs::create_dir_all(folder).with_context(failed)?;
    for file in FILES.files() {
        written_file::write(&folder.join(file.path()), file.contents()).with_context(failed)?;
    }
    written_file::write(&folder.join("config.js"), config(running, program)).with_context(failed)
}

/// A JavaScript module, because a service worker may not wait for a file at its start.
fn config(running: &RunningGuard, program: &str) -> String {
    let guard = json!({
        "page": format!("http://{}", running.page),
        "key": running.key,
        "normal": running.normal.to_string(),
        "private": running.private.to_string(),
        // Cut to 15 characters, as the kernel does (proc(5), `comm`).
        "program": program.chars().take(15).collect::<String>(),
    });
    format!("export const guard = {guard};\n")
}
