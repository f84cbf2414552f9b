//! Candor's own extension, laid out for one browser: its files, and beside them
//! where the guard is.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use include_dir::{Dir, include_dir};
use serde_json::json;

use super::running::RunningGuard;
use crate::written_file;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/extension");

/// How Firefox names it.
pub const ID: &str = "extension@candor.invalid";

/// Writes it into this folder. `program` is what the browser's process is called.
pub fn lay_out(folder: &Path, running: &RunningGuard, program: &str) -> Result<()> {
    let failed = || format!("cannot write {}", folder.display());
    fs::create_dir_all(folder).with_context(failed)?;
    for file in FILES.files() {
        written_file::write(&folder.join(file.path()), file.contents()).with_context(failed)?;
    }
    written_file::write(&folder.join("config.js"), config(running, program)).with_context(failed)
}

/// A module, as a service worker may not wait for a file while it starts.
fn config(running: &RunningGuard, program: &str) -> String {
    let guard = json!({
        "page": format!("http://{}", running.page),
        "key": running.key,
        "normal": running.normal.to_string(),
        "private": running.private.to_string(),
        // As the kernel has it (proc(5), `comm`).
        "program": program.chars().take(15).collect::<String>(),
    });
    format!("export const guard = {guard};\n")
}
