//! `candor analyze` and `candor decode`, run as a person runs them.

mod analyze;

mod decode;

mod hostile;

mod evidence;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a run of the program came to.
pub(crate) struct Ran {
    pub status: Option<i32>,
    pub out: Vec<u8>,
    /// Standard error.
    pub said: String,
}

impl Ran {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

/// Runs the program; `input` is its standard input.
pub(crate) fn candor(arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_candor"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program was built");
    let mut stdin = child.stdin.take().expect("it was asked for");
    // A program that does not read its input closes it.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    Ran { status: output.status.code(), out: output.stdout, said }
}

/// A capture of a real SDK, whose file of canaries lies beside it.
pub(crate) fn corpus(capture: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/gauntlet").join(capture)
}
