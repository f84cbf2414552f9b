//! Logs of Candor's steps, to explain a failure: on standard error if asked for, and
//! in a run log beside the evidence.
//!
//! A person can pass on a log, but not the evidence. So no event has a field for a
//! captured value, and errors are logged by [`experiment::Error::without_quotes`].

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use rustix::fs::FallocateFlags;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// The variable with the levels to log, in tracing's syntax: `debug`, `experiment=trace,proxy=warn`.
const VARIABLE: &str = "CANDOR_LOG";

/// How much is said on standard error.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct LogArgs {
    /// Say more on standard error: -v what Candor does, -vv each step (or CANDOR_LOG=debug)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Say nothing on standard error but what went wrong
    #[arg(short, long, global = true)]
    quiet: bool,
}

impl LogArgs {
    /// Starts logging. Nothing is written into a run log before [`RunLog::open`].
    pub fn start(self) -> Result<()> {
        crate::exit::be_quiet(self.quiet);
        let to_stderr = fmt::layer().with_ansi(false).with_writer(io::stderr).with_filter(self.on_stderr()?);
        let to_file = fmt::layer().with_ansi(false).with_writer(RunLog::writer).with_filter(in_file());
        tracing_subscriber::registry().with(to_stderr).with(to_file).init();
        log_panics();
        Ok(())
    }

    fn on_stderr(self) -> Result<Targets> {
        if let Some(wanted) = std::env::var_os(VARIABLE) {
            let wanted = wanted.to_string_lossy();
            return wanted
                .parse()
                .with_context(|| format!("{VARIABLE}={wanted} is not a list of levels: try {VARIABLE}=debug"));
        }
        Ok(Targets::new().with_default(match self.verbose {
            0 => LevelFilter::OFF,
            1 => LevelFilter::INFO,
            2 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        }))
    }
}

/// The levels for the run log: the steps of a run, but no line for each request.
fn in_file() -> Targets {
    let steps = ["candor", "experiment", "evidence", "adb"].map(|ours| (ours, LevelFilter::DEBUG));
    Targets::new().with_default(LevelFilter::WARN).with_targets(steps)
}

/// Logs the place of a panic, but not its message, which may contain captured data.
fn log_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a part of Candor panicked");
        before(panic);
    }));
}

/// Bytes that are reserved on the disk for a run log.
const RESERVED: u64 = 256 * 1024;

static OPEN: Mutex<Option<Arc<File>>> = Mutex::new(None);

/// The log of one run. Dropped, it is closed.
#[derive(Debug)]
pub struct RunLog {
    path: PathBuf,
}

impl RunLog {
    /// Creates a log beside the evidence, which only its owner can read.
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        // With reserved space the log can still report a full disk. Not every file
        // system can reserve space.
        if let Err(error) = rustix::fs::fallocate(&file, FallocateFlags::KEEP_SIZE, 0, RESERVED) {
            tracing::debug!(%error, "no room can be reserved for the run log");
        }
        *OPEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(file));
        Ok(Self { path: path.to_owned() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open run log, or a sink if none is open.
    fn writer() -> Box<dyn Write> {
        match OPEN.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Some(file) => Box::new(file),
            None => Box::new(io::sink()),
        }
    }
}

impl Drop for RunLog {
    fn drop(&mut self) {
        *OPEN.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_logged_by_its_place_and_without_its_message() {
        LogArgs { verbose: 0, quiet: false }.start().expect("nothing logs in this process yet");
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let log = RunLog::open(&folder.path().join("run.log")).expect("the folder is ours");
        std::thread::spawn(|| panic!("what was captured")).join().expect_err("it panics");
        tracing::debug!("a step");
        let text = std::fs::read_to_string(log.path()).expect("it was written");
        assert!(text.contains("a part of Candor panicked") && text.contains("logging.rs:"), "{text}");
        assert!(text.contains("a step") && !text.contains("what was captured"), "{text}");
        assert!(RunLog::open(log.path()).is_err(), "a log is never written over");
    }
}
