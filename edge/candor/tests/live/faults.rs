//! Disks and files that go wrong while a capture runs: it ends, it says so, and
//! what was written before is there.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use crate::stage::{Capture, Home, text};

/// A small file system of the test's own.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where nothing may be mounted; says so.
    fn mounted(at: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs"]).arg(&at).output();
        if mounted.is_ok_and(|out| out.status.success()) {
            return Some(Self(at));
        }
        println!("skipped: no right to mount a small disk");
        None
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.join("filling")).unwrap();
        while file.write(&[7; 4096]).is_ok_and(|written| written > 0) {}
    }

    fn make_read_only(&self) {
        assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A capture at an address where no other test listens. What is sent until it ends would
/// else come to one that was given its port, and go on.
fn capture(home: &Home, host: &str, out: &str) -> Capture {
    let listen = format!("{host}:0");
    Capture::start(home.candor(&["capture", "--listen", &listen, "--out", out, "--sinkhole"]))
}

#[test]
fn a_full_disk_ends_the_capture_which_says_so_and_keeps_what_it_had() {
    let home = Home::new();
    let Some(disk) = SmallDisk::mounted(home.file("disk")) else { return };
    let out = disk.0.join("out.candor").to_str().unwrap().to_owned();
    let body = home.file("body");
    let capture = capture(&home, "127.0.0.71", &out);
    let mut sent = 0;
    for number in 0_u32..200 {
        // Nothing that could be compressed, and never the same twice.
        let bytes: Vec<u8> = Command::new("head").args(["-c", "100000", "/dev/urandom"]).output().unwrap().stdout;
        std::fs::write(&body, bytes).unwrap();
        let data = format!("@{}", body.display());
        if !capture.curl(&["--data-binary", &data, &format!("http://a.example/{number}")]).status.success() {
            break;
        }
        sent += 1;
    }
    assert!(sent < 200, "the disk never filled");
    let ended = capture.wait();
    assert_eq!(ended.status, 2, "{ended:?}");
    assert!(ended.stderr.contains("the capture ended early") && ended.stderr.contains("full"), "{}", ended.stderr);
    let verified = text(&home.run(&["verify", &out]));
    assert!(verified.contains("intact") && verified.contains("ended early"), "{verified}");
}

/// Another program that has the file to itself.
fn hold(home: &Home) -> std::process::Child {
    let mut sqlite = Command::new("sqlite3");
    let mut child = sqlite.arg(home.file("out.candor")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b".bail on\n.timeout 5000\nbegin immediate;\nselect 'held!';\n").unwrap();
    let mut said = [0; 5];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
    child
}

#[test]
fn evidence_that_is_locked_for_a_moment_loses_nothing() {
    let home = Home::new();
    let capture = home.capture(&["--sinkhole"]);
    let mut holder = hold(&home);
    for number in 0..20 {
        assert!(capture.curl(&[&format!("http://a.example/{number}")]).status.success());
    }
    std::thread::sleep(Duration::from_millis(500));
    holder.stdin.take().unwrap().write_all(b"commit;\n").unwrap();
    holder.wait().unwrap();
    assert_eq!(capture.stop().status, 0);
    assert_eq!(home.evidence("select count(distinct url) from exchange"), "20\n");
}

#[test]
fn evidence_that_stays_locked_ends_the_capture_which_says_so() {
    let home = Home::new();
    let capture = capture(&home, "127.0.0.72", "out.candor");
    capture.curl(&["http://a.example/before"]);
    std::thread::sleep(Duration::from_millis(400));
    let mut holder = hold(&home);
    capture.curl(&["http://a.example/during"]);
    // It waits for a while, and then ends by itself at the next thing it sees.
    for _ in 0..120 {
        std::thread::sleep(Duration::from_millis(250));
        if !capture.curl(&["http://a.example/during"]).status.success() {
            break;
        }
    }
    let ended = capture.wait();
    assert_eq!(ended.status, 2, "{ended:?}");
    assert!(ended.stderr.contains("the capture ended early") && ended.stderr.contains("locked"), "{}", ended.stderr);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    assert_eq!(home.evidence("select url from exchange"), "http://a.example/before\n");
    // The other program folded in what was in the log, which does not show in the file.
    assert!(text(&home.run(&["verify", "out.candor"])).contains("another program may have folded it in"));
    assert!(text(&home.run(&["verify", "out.candor", "--repair"])).contains("ended early"));
}

/// A program of the same person that goes on, with sqlite3 in front of it.
struct Onlooker(std::process::Child);

impl Onlooker {
    /// Has read the evidence, and is in the middle of reading it if there is a `begin`.
    fn begin(home: &Home, begin: &str) -> Self {
        let mut sqlite = Command::new("sqlite3");
        sqlite.arg("-readonly").arg(home.file("out.candor")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = sqlite.spawn().unwrap();
        let asked = format!("{begin}\nselect count(*) >= 0 from record;\n");
        child.stdin.as_mut().unwrap().write_all(asked.as_bytes()).unwrap();
        let mut said = [0; 2];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
        assert_eq!(&said, b"1\n");
        Self(child)
    }

    fn end(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

fn head_of(said: &str) -> &str {
    said.split("head ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap()
}

#[test]
fn somebody_who_looks_at_the_evidence_costs_no_head() {
    for (begin, apart) in [("", false), ("begin;", true)] {
        let home = Home::new();
        let capture = home.capture(&["--sinkhole"]);
        assert!(capture.curl(&["http://a.example/before"]).status.success());
        let onlooker = Onlooker::begin(&home, begin);
        assert!(capture.curl(&["http://a.example/after"]).status.success());
        let ended = capture.stop();
        assert_eq!(ended.status, 0, "{begin}: {ended:?}");
        let head = head_of(&ended.stdout).to_owned();
        assert_eq!(ended.stdout.contains("out.candor-wal are the evidence together"), apart, "{}", ended.stdout);
        let is_sealed = |arguments: &[&str]| {
            let out = home.run(&[&["verify", "out.candor", "--head", &head], arguments].concat());
            assert!(text(&out).contains("intact, and the one sealed"), "{begin}: {}", text(&out));
        };
        is_sealed(&[]);
        if apart {
            let refused = home.run(&["verify", "out.candor", "--repair"]);
            assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
            assert!(text(&refused).contains("another program has it open"), "{}", text(&refused));
        }
        onlooker.end();
        is_sealed(&["--repair"]);
        assert!(!home.file("out.candor-wal").exists());
        assert_eq!(home.evidence("select count(*) from exchange"), "2\n");
    }
}

#[test]
fn what_a_kill_leaves_belongs_together_and_is_joined_when_that_is_asked_for() {
    let home = Home::new();
    let capture = home.capture(&["--sinkhole"]);
    assert!(capture.curl(&["http://a.example/one"]).status.success());
    while Onlooker::count(&home) < 1 {
        std::thread::sleep(Duration::from_millis(5));
    }
    capture.kill();
    std::fs::copy(home.file("out.candor"), home.file("alone.candor")).unwrap();
    let before = std::fs::read(home.file("out.candor-wal")).unwrap();
    let verified = text(&home.run(&["verify", "out.candor"]));
    assert!(verified.contains("intact") && verified.contains("its writer was stopped"), "{verified}");
    assert!(before == std::fs::read(home.file("out.candor-wal")).unwrap(), "looking changed it");
    for command in ["verify", "report", "analyze"] {
        let alone = home.run(&[command, "alone.candor"]);
        let says = text(&alone);
        assert_eq!(alone.status.code(), Some(2), "{command}: {says}");
        assert!(says.contains("alone.candor-wal") && says.contains("candor verify --repair alone.candor"), "{says}");
    }
    assert!(!home.file("alone.candor-wal").exists(), "looking made a file");
    let joined = home.run(&["verify", "--repair", "out.candor"]);
    assert!(joined.status.success() && text(&joined).contains("is one file now"), "{}", text(&joined));
    assert!(!home.file("out.candor-wal").exists());
    assert_eq!(home.evidence("select url from exchange"), "http://a.example/one\n");
}

impl Onlooker {
    /// Exchanges that another program sees.
    fn count(home: &Home) -> u64 {
        home.evidence("select count(*) from exchange").trim().parse().unwrap()
    }
}

#[test]
fn evidence_that_is_deleted_under_a_capture_ends_it_without_another_request() {
    type Attack = fn(&Home);
    let attacks: [(Attack, &str); 3] = [
        (|home| std::fs::remove_file(home.file("out.candor")).unwrap(), "was deleted or moved"),
        (|home| drop(std::fs::File::create(home.file("out.candor")).unwrap()), "was cut short"),
        (|home| std::fs::rename(home.file("other"), home.file("out.candor")).unwrap(), "was replaced"),
    ];
    for ((attack, says), host) in attacks.into_iter().zip(["127.0.0.73", "127.0.0.74", "127.0.0.75"]) {
        let home = Home::new();
        std::fs::write(home.file("other"), "another file").unwrap();
        let capture = capture(&home, host, "out.candor");
        assert!(capture.curl(&["http://a.example/before"]).status.success());
        while Onlooker::count(&home) < 1 {
            std::thread::sleep(Duration::from_millis(5));
        }
        attack(&home);
        // One that is written after it is enough.
        capture.curl(&["http://a.example/after"]);
        let ended = capture.wait();
        assert_eq!(ended.status, 2, "{ended:?}");
        assert!(ended.stderr.contains(says) && !ended.stderr.contains("holds"), "{}", ended.stderr);
        assert!(!ended.stdout.contains("head"), "{}", ended.stdout);
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_said_like_a_full_disk() {
    let home = Home::new();
    let mut limited = Command::new("sh");
    let capture = home.candor(&["capture", "--listen", "127.0.0.76:0", "--out", "out.candor", "--sinkhole"]);
    limited.args(["-c", "ulimit -f 1024; exec \"$0\" \"$@\""]).arg(capture.get_program()).args(capture.get_args());
    limited.current_dir(home.file("")).stdin(Stdio::null());
    limited.envs(capture.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let capture = Capture::start(limited);
    let body = home.file("body");
    let mut sent = 0_u32;
    while sent < 400 {
        let bytes = Command::new("head").args(["-c", "100000", "/dev/urandom"]).output().unwrap().stdout;
        std::fs::write(&body, bytes).unwrap();
        let data = format!("@{}", body.display());
        if !capture.curl(&["--data-binary", &data, &format!("http://a.example/{sent}")]).status.success() {
            break;
        }
        sent += 1;
    }
    assert!(sent < 400, "the limit was never reached");
    let ended = capture.wait();
    assert_eq!(ended.status, 2, "{ended:?}");
    assert!(
        ended.stderr.contains("the capture ended early") && ended.stderr.contains("records up to the head"),
        "{}",
        ended.stderr
    );
    let head = head_of(&ended.stderr).trim_end_matches(',');
    let verified = text(&home.run(&["verify", "out.candor", "--head", head]));
    assert!(verified.contains("the one sealed with this head") && verified.contains("ended early"), "{verified}");
}

#[test]
fn a_full_folder_for_temporary_files_takes_nothing_from_a_capture() {
    let home = Home::new();
    let Some(disk) = SmallDisk::mounted(home.file("disk")) else { return };
    disk.fill();
    let mut command = home.candor(&["capture", "--listen", "127.0.0.1:0", "--out", "out.candor", "--sinkhole"]);
    command.env("TMPDIR", &disk.0).env("SQLITE_TMPDIR", &disk.0);
    let capture = Capture::start(command);
    for number in 0..20 {
        assert!(capture.curl(&[&format!("http://a.example/{number}")]).status.success());
    }
    let ended = capture.stop();
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(text(&home.run(&["verify", "out.candor", "--head", head_of(&ended.stdout)])).contains("the one sealed"));
}

#[test]
fn a_home_that_is_read_only_is_named_and_enough_where_the_authority_is_there() {
    let home = Home::new();
    let Some(disk) = SmallDisk::mounted(home.file("home")) else { return };
    let out = home.file("out.candor").to_str().unwrap().to_owned();
    assert!(home.run(&["ca", "show"]).status.success());
    disk.make_read_only();
    let capture = home.capture(&["--sinkhole"]);
    assert!(capture.curl(&["http://a.example/"]).status.success());
    let ended = capture.stop();
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(text(&home.run(&["verify", &out, "--head", head_of(&ended.stdout)])).contains("the one sealed"));

    let fresh = Home::new();
    let Some(disk) = SmallDisk::mounted(fresh.file("home")) else { return };
    disk.make_read_only();
    let refused = fresh.run(&["capture", "--listen", "127.0.0.1:0", "--out", "out.candor"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("ead-only"), "{}", text(&refused));
    assert!(!fresh.file("out.candor").exists());
}
