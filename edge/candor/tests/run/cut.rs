//! An audit that does not go to its end.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{Run, audit, descendants, evidence_in, folder, has_exchanges, is_alive, over};

/// An audit under way.
pub struct Begun {
    child: Child,
    out: TempDir,
}

/// How long a browser that was told to go may take.
const GOING: Duration = Duration::from_secs(20);

impl Begun {
    pub fn audit(arguments: &[&str]) -> Self {
        let out = folder();
        let said = |name| std::fs::File::create(out.path().join(name)).expect("the folder is ours");
        let child = audit(arguments, out.path())
            .stdout(Stdio::from(said("stdout")))
            .stderr(Stdio::from(said("stderr")))
            .spawn()
            .expect("candor starts");
        Self { child, out }
    }

    /// Waits until something was recorded: the middle of a trial.
    pub fn until_recorded(&mut self) -> &mut Self {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(90) && !has_exchanges(self.out.path()) {
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(has_exchanges(self.out.path()), "nothing was recorded");
        self
    }

    /// Waits until a browser runs.
    pub fn until_a_browser_runs(&mut self) -> &mut Self {
        let began = Instant::now();
        let runs = |begun: &Self| browser_of(&begun.family()).is_some() && begun.evidence().is_some();
        while began.elapsed() < Duration::from_secs(90) && !runs(self) {
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(runs(self), "no browser was started");
        self
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Every process that it started and that is still there.
    pub fn family(&self) -> Vec<u32> {
        descendants(self.child.id())
    }

    /// Ctrl-C, as a terminal sends it to the program in front.
    pub fn interrupt(&self) {
        signal("INT", self.child.id());
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it was ours");
    }

    /// The evidence so far, if it came to that.
    pub fn evidence(&self) -> Option<String> {
        evidence_in(self.out.path())
    }

    /// Lets it go to its end, and gives what it said.
    pub fn ended(mut self) -> Run {
        let status = self.child.wait().expect("it was ours");
        let said = |name| std::fs::read(self.out.path().join(name)).unwrap_or_default();
        over(&std::process::Output { status, stdout: said("stdout"), stderr: said("stderr") }, self.out)
    }
}

/// Those of these processes that do not go.
pub fn left_behind(mut family: Vec<u32>) -> Vec<u32> {
    let began = Instant::now();
    while began.elapsed() < GOING && !family.is_empty() {
        std::thread::sleep(Duration::from_millis(100));
        family.retain(|process| is_alive(*process));
    }
    family
}

pub fn signal(name: &str, process: u32) {
    let sent = Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
    assert!(sent.expect("kill(1) is everywhere").success(), "it was there");
}

/// Those of these processes that go by this name.
pub fn named(family: &[u32], name: &str) -> Vec<u32> {
    let is_named = |process: &&u32| {
        std::fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|comm| comm.trim_end() == name)
    };
    family.iter().filter(is_named).copied().collect()
}

/// The browser's own first process: the parent of the others.
pub fn browser_of(family: &[u32]) -> Option<u32> {
    let is_browser = |process: &&u32| {
        let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let program = words.first().copied().unwrap_or_default();
        program.ends_with(b"/chromium") && !words.iter().any(|word| word.starts_with(b"--type="))
    };
    family.iter().find(is_browser).copied()
}
