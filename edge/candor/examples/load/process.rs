//! A program of ours under way, and how large it is.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

pub struct CandorProcess {
    child: Child,
    pub address: SocketAddr,
}

/// What a process takes.
#[derive(Clone, Copy, Default)]
pub struct ProcessSize {
    pub kibibytes: u64,
    pub descriptors: usize,
    pub threads: u64,
}

impl CandorProcess {
    /// Starts it in a home of its own and waits until it listens.
    pub fn start(program: &Path, home: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).env("CANDOR_HOME", home.join("candor")).env("HOME", home).current_dir(home);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut process = Self { child, address: SocketAddr::from(([0; 4], 0)) };
        let (tell, said) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        while let Ok(line) = said.recv_timeout(Duration::from_secs(30)) {
            let here = line.split("listening on ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
            process.address = here.filter(|_| process.address.port() == 0).unwrap_or(process.address);
            if line.contains("Ctrl-C ends") {
                return process;
            }
        }
        panic!("{} did not start", program.display());
    }

    pub fn size(&self) -> ProcessSize {
        let place = format!("/proc/{}", self.child.id());
        let status = std::fs::read_to_string(format!("{place}/status")).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
        };
        let descriptors = std::fs::read_dir(format!("{place}/fd")).map_or(0, Iterator::count);
        ProcessSize { kibibytes: field("VmRSS").unwrap_or(0), descriptors, threads: field("Threads").unwrap_or(0) }
    }

    /// As Ctrl-C does. True if it ended well.
    pub fn stop(mut self) -> bool {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        self.child.wait().unwrap().success()
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
