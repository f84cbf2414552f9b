//! `candor capture`.

use crate::stage::{Home, text};

/// The file with the certificate that clients have to trust.
fn trusted(home: &Home) -> String {
    let pem = home.run(&["ca", "show", "--pem"]).stdout;
    std::fs::write(home.file("ca.pem"), pem).unwrap();
    home.file("ca.pem").to_str().unwrap().to_owned()
}

#[test]
fn a_capture_ends_by_ctrl_c_with_its_file_its_head_and_what_was_seen() {
    let home = Home::new();
    let ca = trusted(&home);
    let capture = home.capture(&["--sinkhole"]);
    for (version, path) in [("--http1.1", "one"), ("--http2", "two")] {
        let out = capture.curl(&["--cacert", &ca, version, &format!("https://a.example/{path}")]);
        assert!(out.status.success(), "{}", text(&out));
    }
    // This one does not trust us.
    assert!(!capture.curl(&["https://pinned.example/"]).status.success());
    let ended = capture.stop();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let said = &ended.stdout;
    assert!(
        said.contains("out.candor") && said.contains("2 exchanges") && said.contains("sealed: 1 connection"),
        "{said}"
    );
    let head = said.split("head ").nth(1).unwrap().trim();
    let verified = text(&home.run(&["verify", "out.candor", "--head", head]));
    assert!(verified.contains("intact, and the one sealed") && !verified.contains("ended early"), "{verified}");
    let urls = home.evidence("select url, sealed from exchange order by url");
    assert_eq!(urls, "https://a.example/one|\nhttps://a.example/two|\nhttps://pinned.example:443/|refused\n");
}

#[test]
fn a_capture_that_is_killed_leaves_what_was_finished_and_says_that_it_ended_early() {
    let home = Home::new();
    let ca = trusted(&home);
    let capture = home.capture(&["--sinkhole"]);
    assert!(capture.curl(&["--cacert", &ca, "https://a.example/one"]).status.success());
    // What was finished more than 200 ms before is on the disk.
    std::thread::sleep(std::time::Duration::from_millis(400));
    capture.kill();
    let verified = text(&home.run(&["verify", "out.candor"]));
    assert!(verified.contains("intact") && verified.contains("ended early"), "{verified}");
    assert_eq!(home.evidence("select url from exchange"), "https://a.example/one\n");
}

#[test]
fn evidence_is_never_written_over() {
    let home = Home::new();
    std::fs::write(home.file("out.candor"), "mine").unwrap();
    let out = home.run(&["capture", "--listen", "127.0.0.1:0", "--out", "out.candor"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out).contains("is there already"), "{}", text(&out));
    assert_eq!(std::fs::read_to_string(home.file("out.candor")).unwrap(), "mine");
}

#[test]
fn a_capture_that_cannot_start_leaves_no_file() {
    let home = Home::new();
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (wrong, says) in [
        (&["--listen", "127.0.0.1:0", "--data", "nothing"][..], "nothing"),
        (&["--listen", "127.0.0.1:0", "--upstream-ca", "nothing.pem"], "nothing.pem"),
        (&["--listen", "127.0.0.1:0", "--dns", &taken], "--dns ADDRESS:PORT"),
        (&["--listen", "0.0.0.0:0", "--android"], "needs a loopback address"),
    ] {
        let out = home.run(&[&["capture", "--out", "out.candor"], wrong].concat());
        assert_eq!(out.status.code(), Some(2), "{wrong:?}");
        assert!(text(&out).contains(says), "{wrong:?}: {}", text(&out));
        assert!(!home.file("out.candor").exists(), "{wrong:?}");
    }
}

#[test]
fn a_guard_that_cannot_start_leaves_no_record() {
    let home = Home::new();
    let ports = ["--listen", "127.0.0.1:0", "--private", "127.0.0.1:0", "--page", "127.0.0.1:0"];
    let wrong = ["--record", "out.candor", "--upstream-ca", "nothing.pem"];
    let out = home.run(&[&["guard"], &ports[..], &wrong[..]].concat());
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out).contains("nothing.pem"), "{}", text(&out));
    assert!(!home.file("out.candor").exists());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let home = Home::new();
    let out = home.run(&["capture", "--listen", "127.0.0.1:0", "--out", "nowhere/out.candor"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out).contains("there is no folder nowhere"), "{}", text(&out));
}

#[test]
fn a_port_that_is_taken_is_said_with_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let out = Home::new().run(&["capture", "--listen", &address]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out).contains(&format!("cannot listen on {address}; choose another address with --listen")));
}
