//! A network of one machine that leads nowhere, and in it the servers that a
//! browser visits.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use tempfile::TempDir;

/// The servers, by the addresses that they have here.
const HOSTS: [(&str, &str); 3] = [
    ("198.51.100.1", "one-ghoskmbqwert.com"),
    ("198.51.100.2", "two-ghoskmbqwert.com"),
    ("198.51.100.3", "clear-ghoskmbqwert.com"),
];

/// It is gone with this value.
pub struct Place {
    space: String,
    files: TempDir,
    origin: Option<(Child, mpsc::Receiver<String>)>,
}

impl Place {
    /// None where something is missing; says what.
    pub fn new(name: &str, programs: &[&str]) -> Option<Self> {
        for program in [programs, &["node", "openssl", "certutil", "setpriv", "ip"]].concat() {
            let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
            if !found.status.success() {
                println!("skipped: no {program} here");
                return None;
            }
        }
        let space = format!("candor-unchanged-{name}-{}", std::process::id());
        let mut place = Self { space, files: tempfile::tempdir().unwrap(), origin: None };
        if !succeeds(Command::new("ip").args(["netns", "add", &place.space])) {
            println!("skipped: no right to make network namespaces");
            return None;
        }
        place.ip("link set lo up");
        for (address, _) in HOSTS {
            place.ip(&format!("addr add {address}/32 dev lo"));
        }
        let hosts: String = HOSTS.iter().map(|(address, name)| format!("{address} {name}\n")).collect();
        std::fs::write(place.file("hosts"), format!("127.0.0.1 localhost\n{hosts}")).unwrap();
        std::fs::write(place.file("resolv.conf"), "nameserver 127.0.0.1\n").unwrap();
        // Nobody has to get to what is in it.
        assert!(succeeds(Command::new("chmod").arg("711").arg(place.files.path())));
        place.certify();
        place.serve();
        Some(place)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// The authority that vouches for the servers.
    pub fn authority(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// A command as it runs in here; its number stays that of what is started.
    pub fn inside(&self, command: &Command) -> Command {
        // What is mounted here is seen by this program alone.
        const MOUNT: &str =
            r#"mount --bind "$0/hosts" /etc/hosts && mount --bind "$0/resolv.conf" /etc/resolv.conf && exec "$@""#;
        let mut within = Command::new("ip");
        within.args(["netns", "exec", &self.space, "sh", "-c", MOUNT]).arg(self.files.path());
        within.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            within.env(name, value.unwrap_or_default());
        }
        if let Some(folder) = command.get_current_dir() {
            within.current_dir(folder);
        }
        within
    }

    /// What the servers were asked in the visit that ends now, and what the
    /// pages made of the answers; none if it does not end.
    pub fn visited(&self) -> Option<String> {
        self.origin.as_ref()?.1.recv_timeout(Duration::from_secs(90)).ok()
    }

    fn ip(&self, words: &str) {
        assert!(succeeds(Command::new("ip").args(["-n", &self.space]).args(words.split(' '))), "ip {words}");
    }

    /// An authority, and the servers' certificate.
    fn certify(&self) {
        let names = HOSTS.map(|(_, name)| format!("DNS:{name}")).join(",");
        let script = format!(
            "cd {at} && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=The test' -keyout ca.key -out ca.pem &&
             openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout key.pem -out request.pem &&
             printf 'subjectAltName={names}\\nextendedKeyUsage=serverAuth\\n' > more &&
             openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile more -out cert.pem",
            at = self.files.path().display()
        );
        assert!(succeeds(Command::new("sh").args(["-c", &script])), "openssl makes no certificates");
    }

    fn serve(&mut self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unchanged");
        let mut node = Command::new("node");
        node.arg(folder.join("origin.js")).arg(self.file("cert.pem")).arg(self.file("key.pem"));
        node.arg(folder.join("page.html"));
        let mut command = self.inside(&node);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = heard(child.stdout.take().unwrap());
        assert_eq!(lines.recv_timeout(Duration::from_secs(30)).as_deref(), Ok("ready"));
        self.origin = Some((child, lines));
    }
}

fn heard(stdout: ChildStdout) -> mpsc::Receiver<String> {
    let (tell, lines) = mpsc::channel();
    let all = BufReader::new(stdout).lines().map_while(Result::ok);
    std::thread::spawn(move || all.into_iter().for_each(|line| drop(tell.send(line))));
    lines
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((mut origin, _)) = self.origin.take() {
            let _ = origin.kill();
            let _ = origin.wait();
        }
        succeeds(Command::new("ip").args(["netns", "del", &self.space]));
    }
}

pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
