//! A running `candor capture`, a folder of its own, and curl.

use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    time::Duration,
};

use tempfile::TempDir;

/// A folder in which Candor keeps what it keeps, and files of the test.
#[derive(Debug)]
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn candor(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_candor"));
        command.args(arguments).env("CANDOR_HOME", self.file("home")).env("HOME", self.0.path());
        // No test touches the machine's own store.
        command.env("CANDOR_SYSROOT", self.file("root"));
        command.current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.candor(arguments).output().unwrap()
    }

    /// Starts a capture on a free port and waits until it listens.
    pub fn capture(&self, arguments: &[&str]) -> Capture {
        let all = [&["capture", "--listen", "127.0.0.1:0", "--out", "out.candor"], arguments].concat();
        Capture::start(self.candor(&all))
    }

    /// What the finished evidence says of exchanges and notes, by sqlite3.
    pub fn evidence(&self, question: &str) -> String {
        let out = Command::new("sqlite3").arg(self.file("out.candor")).arg(question).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }
}

/// A capture that goes on until it is ended.
pub struct Capture {
    child: Child,
    /// What it says on standard error, as it says it.
    said: mpsc::Receiver<String>,
    /// What was heard of it.
    pub heard: Vec<String>,
    pub proxy: String,
}

/// How a capture ended.
#[derive(Debug)]
pub struct Ended {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Capture {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, said) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        let mut capture = Self { child, said, heard: vec![], proxy: String::new() };
        let line = capture.hear("listening on ");
        let address = line.split("listening on ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        capture.proxy = format!("http://{address}");
        capture.hear("Ctrl-C ends");
        capture
    }

    /// Waits until it says a line with these words.
    pub fn hear(&mut self, words: &str) -> String {
        while let Ok(line) = self.said.recv_timeout(Duration::from_secs(60)) {
            self.heard.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
        panic!("it never said {words:?}, but {:?}", self.heard);
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// curl through it.
    pub fn curl(&self, arguments: &[&str]) -> Output {
        curl(&[&["--proxy", &self.proxy], arguments].concat())
    }

    /// As Ctrl-C does.
    pub fn stop(self) -> Ended {
        signal(self.pid(), "-INT");
        self.wait()
    }

    /// Waits until it ends by itself.
    pub fn wait(mut self) -> Ended {
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let status = self.child.wait().unwrap().code().unwrap_or(-1);
        Ended { status, stdout, stderr: self.said.iter().collect::<Vec<_>>().join("\n") }
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

pub fn signal(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

pub fn curl(arguments: &[&str]) -> Output {
    Command::new("curl")
        .args(["-sS", "--max-time", "60"])
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .unwrap()
}

pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
