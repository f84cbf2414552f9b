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
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(&at).output();
        if mounted.is_ok_and(|out| out.status.success()) {
            return Some(Self(at));
        }
        println!("skipped: no right to mount a small disk");
        None
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
    assert!(text(&home.run(&["verify", "out.candor"])).contains("ended early"));
}
