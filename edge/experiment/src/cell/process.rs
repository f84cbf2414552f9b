//! Programs of a subject, and how they end.
//!
//! Each program runs as a throw-away user in its own process namespace. The
//! first process of this namespace is a small shell: when the shell ends, the
//! kernel kills everything that the program started. The kernel kills the
//! program as soon as the thread that started it ends, so that a killed Candor
//! leaves nothing running.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::CellUser;
use crate::Error;

pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How many bytes of a program's standard error are kept, to explain a failed
/// start.
const KEPT_OF_STDERR: usize = 4096;

/// A program to start, its arguments, and its environment variables besides those
/// that every subject has.
#[derive(Clone)]
pub struct CellProgram {
    pub path: PathBuf,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    pub pipes: ProgramPipes,
}

/// Does not print the arguments: they may contain visited addresses.
impl fmt::Debug for CellProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({})", self.path.display())
    }
}

/// Which descriptors of the program lead to Candor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProgramPipes {
    /// Standard input and output.
    #[default]
    Standard,
    /// 3 for reading and 4 for writing, as Chromium's `--remote-debugging-pipe`
    /// has them; standard input and output lead nowhere.
    Remote,
}

impl CellProgram {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), args: Vec::new(), env: Vec::new(), pipes: ProgramPipes::default() }
    }

    #[must_use]
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub const fn pipes(mut self, pipes: ProgramPipes) -> Self {
        self.pipes = pipes;
        self
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }
}

/// The user and the home folder of programs in a cell.
#[derive(Clone, Debug)]
pub(super) struct ProcessContext {
    /// None: as the user that Candor itself runs as.
    pub(super) user: Option<CellUser>,
    pub(super) home: PathBuf,
}

/// A running program. Dropped, it is killed.
pub struct CellProcess {
    name: String,
    child: Child,
    contained: bool,
    said: Arc<Mutex<Vec<u8>>>,
    /// Where the program reads: its standard input, or descriptor 3.
    pub input: Option<ChildStdin>,
    /// What the program writes: its standard output, or descriptor 4.
    pub output: Option<ChildStdout>,
}

impl fmt::Debug for CellProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Process({}, {:?})", self.name, self.child.id())
    }
}

/// Exit status and output of a program that has ended.
#[derive(Clone)]
pub struct ProcessOutput {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl fmt::Debug for ProcessOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Finished({})", self.status)
    }
}

/// Starts `program` in the namespaces of the calling thread. Must be called in
/// a Tokio runtime.
pub(super) fn start(ground: &ProcessContext, program: &CellProgram) -> Result<CellProcess, Error> {
    let failed = |source| Error::Start { program: program.name(), source };
    let mut child = command(ground, program).spawn().map_err(failed)?;
    let said = Arc::new(Mutex::new(Vec::new()));
    if let Some(stderr) = child.stderr.take() {
        tokio::spawn(keep_first(stderr, Arc::clone(&said)));
    }
    Ok(CellProcess {
        name: program.name(),
        contained: ground.user.is_some(),
        said,
        input: child.stdin.take(),
        output: child.stdout.take(),
        child,
    })
}

fn command(ground: &ProcessContext, program: &CellProgram) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if let Some(CellUser { uid, gid }) = ground.user {
        command.args(["unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "setpriv"]);
        // A change of user clears the parent-death signal, so it is set again.
        command.args([format!("--reuid={uid}"), format!("--regid={gid}")]);
        command.args(["--clear-groups", "--inh-caps=-all", "--pdeathsig", "KILL"]);
        if user_namespaces_are_free() {
            command.arg("--no-new-privs");
        }
    }
    command.args(["sh", "-c", first_process(program.pipes), "sh"]).arg(&program.path).args(&program.args);
    command
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", &ground.home)
        .env("TMPDIR", ground.home.join("tmp"))
        .envs([("LANG", "C.UTF-8"), ("LANGUAGE", "en"), ("TZ", "UTC"), ("USER", "person"), ("LOGNAME", "person")])
        .envs(program.env.iter().map(|(name, value)| (name, value)))
        .current_dir(&ground.home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C reaches only Candor, as the subject is in a process group of its own.
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// The first process waits, so that orphans of the program have a parent. It
/// closes its copies of the pipes: else Candor would not see that the program closed them.
const fn first_process(pipes: ProgramPipes) -> &'static str {
    match pipes {
        ProgramPipes::Standard => {
            r#"exec 5<&0; setpriv --pdeathsig KILL -- "$@" <&5 5<&- & p=$!; exec 5<&- </dev/null >/dev/null; wait $p"#
        }
        ProgramPipes::Remote => {
            r#"exec 3<&0 4>&1 </dev/null >/dev/null
setpriv --pdeathsig KILL -- "$@" & p=$!; exec 3<&- 4>&-; wait $p"#
        }
    }
}

/// Whether an unprivileged program may create user namespaces. Chromium's sandbox
/// needs them. If they are forbidden it needs its set-uid helper, which cannot
/// work under `no_new_privs`.
fn user_namespaces_are_free() -> bool {
    let says = |path: &str, what: &str| std::fs::read_to_string(path).is_ok_and(|text| text.trim() == what);
    !says("/proc/sys/kernel/unprivileged_userns_clone", "0")
        && !says("/proc/sys/user/max_user_namespaces", "0")
        && !says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1")
}

async fn keep_first(mut stream: impl AsyncRead + Unpin, kept: Arc<Mutex<Vec<u8>>>) {
    let mut chunk = [0; 1024];
    while let Ok(read @ 1..) = stream.read(&mut chunk).await {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT_OF_STDERR.saturating_sub(kept.len()).min(read);
        kept.extend_from_slice(&chunk[..room]);
    }
}

impl CellProcess {
    /// The process id, outside the cell, of the process that Candor started. The
    /// program itself is a descendant of this process.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The ids, outside the cell, of all processes of the program; parents first.
    pub fn family(&self) -> Vec<u32> {
        let mut family: Vec<u32> = self.id().into_iter().collect();
        let mut next = 0;
        while let Some(&parent) = family.get(next) {
            family.extend(children(parent));
            next += 1;
        }
        family
    }

    /// The beginning of the program's standard error.
    pub fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&said).trim().to_owned()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        match self.child.try_wait() {
            Ok(None) => true,
            Ok(Some(status)) => {
                tracing::warn!(program = self.name, %status, "a program has ended");
                false
            }
            Err(error) => {
                tracing::warn!(program = self.name, %error, "a program cannot be asked whether it runs");
                false
            }
        }
    }

    /// Waits until the program ends; none if it still runs after `within`.
    pub async fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        timeout(within, self.child.wait()).await.ok()?.ok()
    }

    /// Sends SIGTERM to the program, as a logout does.
    pub fn ask_to_end(&self) {
        // The shell is skipped: as the first process of a namespace it ignores the signal.
        let family = self.family();
        let first = usize::from(self.contained) + 1;
        if let Some(program) = family.get(first).and_then(|&id| Pid::from_raw(i32::try_from(id).ok()?)) {
            let _ = kill_process(program, Signal::TERM);
        }
    }

    /// Kills the program and everything it started; returns when all have ended.
    pub async fn kill(mut self) {
        self.strike().await;
    }

    /// Like [`Self::kill`], but keeps the handle.
    pub async fn strike(&mut self) {
        let Some(outer) = self.id() else { return };
        // `unshare` waits for the first process of the namespace, and this process
        // has ended only when every other process in the namespace has.
        let first = if self.contained { children(outer).first().copied() } else { None };
        if let Some(first) = first.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
            let _ = kill_process(first, Signal::KILL);
            if timeout(Duration::from_secs(5), self.child.wait()).await.is_ok() {
                return;
            }
        }
        if let Some(group) = i32::try_from(outer).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.kill().await;
    }

    /// Writes `input` to the program and waits until it ends.
    pub(super) async fn finish(mut self, input: &[u8], within: Duration) -> Result<ProcessOutput, Error> {
        use tokio::io::AsyncWriteExt;

        let too_slow = Error::TooSlow { program: self.name.clone(), seconds: within.as_secs() };
        let (stdin, stdout) = (self.input.take(), self.output.take());
        let feed = async {
            if let Some(mut stdin) = stdin {
                let _ = stdin.write_all(input).await;
            }
        };
        let drain = async {
            let mut bytes = Vec::new();
            if let Some(mut stdout) = stdout {
                let _ = stdout.read_to_end(&mut bytes).await;
            }
            bytes
        };
        let run = async { tokio::join!(feed, drain, self.child.wait()) };
        let Ok(((), stdout, status)) = timeout(within, run).await else {
            self.kill().await;
            return Err(too_slow);
        };
        let status = status.map_err(|source| Error::Start { program: self.name.clone(), source })?;
        let stderr = self.said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(ProcessOutput { status, stdout, stderr })
    }
}

/// The ids of a process's children, as in proc(5).
fn children(parent: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>()).collect()
}

/// The file of a command, searched in the `PATH` of subjects.
pub fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| path.is_file());
    }
    PATH.split(':').map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}
