//! Running the program as a person does, and looking at what it left.
#![allow(dead_code, reason = "not every test file asks everything")]

pub mod cut;

pub mod told;

use std::{
    collections::BTreeSet,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// A run of the program that is over.
pub struct Run {
    pub status: i32,
    /// Both streams.
    pub said: String,
    out: TempDir,
}

/// One that was killed in the middle.
pub struct Killed {
    pub evidence: String,
    /// Processes it had started that are still there.
    pub survivors: Vec<u32>,
    _out: TempDir,
}

/// Whether a test cannot run here; says why.
pub fn missing(programs: &[&str]) -> bool {
    let found = |program: &&&str| {
        let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin"];
        folders.iter().any(|folder| Path::new(folder).join(program).exists())
    };
    let absent: Vec<&&str> = programs.iter().filter(|program| !found(program)).collect();
    let root = nix_root();
    if !absent.is_empty() {
        eprintln!("skipped: {absent:?} not installed");
    } else if !root {
        eprintln!("skipped: only root can make network namespaces");
    }
    !absent.is_empty() || !root
}

fn nix_root() -> bool {
    std::fs::read_to_string("/proc/self/status")
        .is_ok_and(|status| status.lines().any(|line| line.starts_with("Uid:\t0\t0")))
}

pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_candor"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn audit(arguments: &[&str], out: &Path) -> Command {
    let mut command = command(&["audit"]);
    if !arguments.contains(&"--data") {
        command.args(["--data".as_ref(), data().as_os_str()]);
    }
    if !arguments.contains(&"--out") {
        command.args(["--out".as_ref(), out.join("runs").as_os_str()]);
    }
    command.args(arguments);
    command
}

/// The program on a machine of another name, identity, time zone and language.
pub fn elsewhere(arguments: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    let other = "hostname another-machine
echo 00112233445566778899aabbccddeeff > /tmp/machine-id.$$
mount --bind /tmp/machine-id.$$ /etc/machine-id && rm -f /tmp/machine-id.$$
exec \"$@\"";
    command.args(["--uts", "--mount", "--", "sh", "-e", "-c", other, "sh", env!("CARGO_BIN_EXE_candor")]);
    command.args(arguments).stdin(Stdio::null());
    command.envs([("TZ", "Pacific/Auckland"), ("LANG", "tr_TR.UTF-8"), ("LC_ALL", "tr_TR.UTF-8")]);
    command
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn over(output: &Output, out: TempDir) -> Run {
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Run { status: output.status.code().unwrap_or(-1), said, out }
}

/// The JSON report of a file of evidence, as bytes.
pub fn json_of(evidence: &str) -> String {
    let output = command(&["report", evidence, "--format", "json"]).output().expect("candor starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a report is UTF-8")
}

impl Run {
    /// `candor audit` with the tests' own data laid over.
    pub fn audit(arguments: &[&str]) -> Self {
        let out = folder();
        let output = audit(arguments, out.path()).output().expect("candor starts");
        over(&output, out)
    }

    /// The same on another machine.
    pub fn audit_elsewhere(arguments: &[&str]) -> Self {
        let out = folder();
        let mut command = elsewhere(&["audit", "--data"]);
        command.arg(data()).arg("--out").arg(out.path().join("runs")).args(arguments);
        let output = command.output().expect("unshare(1) starts");
        over(&output, out)
    }

    /// The same as a user who may do nothing.
    pub fn as_nobody(arguments: &[&str]) -> Self {
        let out = folder();
        std::fs::set_permissions(out.path(), PermissionsExt::from_mode(0o777)).expect("the folder is ours");
        // Where the program was built, nobody may have no way to it.
        let copy = out.path().join("candor");
        std::fs::copy(env!("CARGO_BIN_EXE_candor"), &copy).expect("the program can be copied");
        let mut nobody = Command::new("setpriv");
        nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&copy).arg("audit").args(arguments);
        // The tests' data may lie where nobody can go; one scenario of them is needed.
        let data_copy = out.path().join("data/scenarios");
        std::fs::create_dir_all(&data_copy).expect("the folder is ours");
        std::fs::copy(data().join("scenarios/one-visit.toml"), data_copy.join("one-visit.toml")).expect("it is there");
        nobody.arg("--data").arg(out.path().join("data")).arg("--out").arg(out.path().join("runs"));
        let output = nobody.current_dir("/").output().expect("setpriv starts");
        over(&output, out)
    }

    pub fn candor(arguments: &[&str]) -> Self {
        over(&command(arguments).output().expect("candor starts"), folder())
    }

    /// The one file of evidence that it wrote.
    pub fn evidence(&self) -> String {
        evidence_in(self.out.path()).unwrap_or_else(|| panic!("no evidence was written: {}", self.said))
    }

    /// The run log. That nothing which was planted stands in it is checked here.
    pub fn log(&self) -> String {
        let files = files_in(self.out.path(), "log");
        let path = files.first().unwrap_or_else(|| panic!("no log was written: {}", self.said));
        let log = std::fs::read_to_string(path).expect("the log is text");
        let evidence = evidence::Evidence::open(Path::new(&self.evidence())).expect("it is evidence");
        let mut planted = 0;
        let read = evidence.records(|record| {
            if let model::Record::Plant(plant) = record {
                planted += 1;
                assert!(!log.contains(&plant.canary.value), "{} stands in the log", plant.canary.kind);
            }
        });
        read.expect("the evidence can be read");
        assert!(planted > 0, "something was planted");
        log
    }

    /// The report on a subject, of several that were audited in one run.
    pub fn report_on(&self, subject: &str) -> Value {
        let begins = subject.replace(['@', '.', '+'], "-");
        let files = files_in(self.out.path(), "candor");
        let of_subject = |path: &&PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&begins));
        let path = files.iter().find(of_subject).unwrap_or_else(|| panic!("nothing on {subject}: {}", self.said));
        serde_json::from_str(&json_of(&path.to_string_lossy())).expect("the report is JSON")
    }

    pub fn report(&self) -> Value {
        serde_json::from_str(&json_of(&self.evidence())).expect("the report is JSON")
    }

    /// Starts an audit and kills it once it has recorded something.
    pub fn kill_in_mid_audit(arguments: &[&str]) -> Killed {
        let out = folder();
        let mut child =
            audit(arguments, out.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("candor starts");
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) && !has_exchanges(out.path()) {
            std::thread::sleep(Duration::from_millis(200));
        }
        let family = descendants(child.id());
        child.kill().expect("it can be killed");
        child.wait().expect("it was ours");
        let evidence = evidence_in(out.path()).expect("it had written evidence");
        assert!(!family.is_empty(), "a browser was running");
        let gone = Instant::now();
        let mut survivors: Vec<u32> = family;
        while gone.elapsed() < Duration::from_secs(20) && !survivors.is_empty() {
            std::thread::sleep(Duration::from_millis(200));
            survivors.retain(|pid| is_alive(*pid));
        }
        Killed { evidence, survivors, _out: out }
    }
}

fn evidence_in(folder: &Path) -> Option<String> {
    files_in(folder, "candor").first().map(|path| path.to_string_lossy().into_owned())
}

fn files_in(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("runs")).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|e| e == extension)).collect()
}

/// Twenty exchanges are the middle of something.
fn has_exchanges(folder: &Path) -> bool {
    let Some(path) = evidence_in(folder) else { return false };
    let Ok(evidence) = evidence::Evidence::open(Path::new(&path)) else { return false };
    let mut exchanges = 0;
    let read = evidence.records(|record| exchanges += u32::from(matches!(record, model::Record::Exchange(_))));
    read.is_ok() && exchanges >= 20
}

fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z')))
}

fn descendants(of: u32) -> Vec<u32> {
    let mut family = BTreeSet::from([of]);
    for _ in 0..8 {
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
            if parent.is_some_and(|parent| family.contains(&parent)) {
                family.insert(pid);
            }
        }
    }
    family.remove(&of);
    family.into_iter().collect()
}
