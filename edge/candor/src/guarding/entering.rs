//! Reads the person's values that the guard looks for.
//!
//! They come from standard input: an argument would be readable by every program on
//! the machine, and would stay in the shell's history.

use std::io::{IsTerminal, Read};

use anyhow::{Context, Result, bail};
use gate::GuardFolder;
use knowledge::Knowledge;

use crate::exit::{ExitStatus, talk};

pub fn enter(folder: &GuardFolder, knowledge: &Knowledge, kind: &str) -> Result<ExitStatus> {
    let Some(kind) = knowledge.kinds.kind(kind) else {
        bail!("no kind of data is called {kind}; `candor list kinds` names them");
    };
    let value = read(&kind.id)?;
    if value.trim().is_empty() {
        bail!("nothing was entered");
    }
    folder.enter(knowledge, &kind.id, value.trim())?;
    talk(&format!("candor: one more value of kind {} is looked for", kind.id));
    Ok(ExitStatus::Clean)
}

pub fn forget(folder: &GuardFolder, knowledge: &Knowledge) -> Result<ExitStatus> {
    folder.forget(knowledge)?;
    talk("candor: every value that was entered is forgotten");
    Ok(ExitStatus::Clean)
}

/// Reads one line from a terminal, or all input from a pipe.
fn read(kind: &str) -> Result<String> {
    let (mut value, input) = (String::new(), std::io::stdin());
    if input.is_terminal() {
        talk(&format!("candor: {kind}, then Enter:"));
        input.read_line(&mut value).context("cannot read the value")?;
    } else {
        input.lock().take(64 << 10).read_to_string(&mut value).context("cannot read the value")?;
    }
    Ok(value)
}
