//! Phones by cable, against a server that speaks as adb's does.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    phone::Fake,
    stage::{Capture, Home, signal, text},
};

#[test]
fn a_phone_has_the_certificate_among_the_systems_where_candor_may_be_root() {
    let home = Home::new();
    let pem = home.run(&["ca", "show", "--pem"]).stdout;
    for rooted in [true, false] {
        let fake = Fake::new(&[("R58M", "device")]);
        fake.state().rooted = rooted;
        let run = |what: &[&str]| {
            let out = home.candor(what).env("ANDROID_ADB_SERVER_PORT", fake.port().to_string()).output().unwrap();
            assert!(out.status.success(), "{}", text(&out));
            text(&out)
        };
        let said = run(&["ca", "install", "--android"]);
        assert!(said.contains("the phone R58M") && said.contains("SHA-256"), "{said}");
        assert_eq!(
            said.contains("apps until it is restarted, Chrome and its kin until it is removed"),
            rooted,
            "{said}"
        );
        assert!(said.contains("Firefox on the phone has to be told"), "{said}");
        let told = fake.state().commands.join("\n");
        assert_eq!(told.contains("mount -t tmpfs") && told.contains("/data/misc/user/0/cacerts-added"), rooted);
        let downloaded = fake.state().files.get("/sdcard/Download/candor-ca.crt,33188").cloned();
        assert_eq!(downloaded, (!rooted).then(|| pem.clone()));
        run(&["ca", "remove", "--android", "R58M"]);
        assert!(fake.state().commands.iter().any(|told| told.starts_with("rm -f /sdcard/Download/candor-ca.crt")));
    }
}

#[test]
fn a_phone_is_sent_through_the_capture_while_it_runs() {
    let home = Home::new();
    let fake = Fake::new(&[("R58M", "device")]);
    fake.state().settings.insert("http_proxy".into(), "proxy.example:3128".into());
    let mut command =
        home.candor(&["capture", "--listen", "127.0.0.1:0", "--out", "out.candor", "--sinkhole", "--android"]);
    command.env("ANDROID_ADB_SERVER_PORT", fake.port().to_string());
    let capture = Capture::start(command);
    assert_eq!(format!("http://{}", fake.state().settings["http_proxy"]), capture.proxy);
    assert_eq!(fake.state().reversed.len(), 1);
    assert!(capture.curl(&["http://a.example/"]).status.success());
    assert_eq!(capture.stop().status, 0);
    assert_eq!(fake.state().settings["http_proxy"], "proxy.example:3128");
    assert!(fake.state().reversed.is_empty());
}

#[test]
fn without_a_phone_there_is_no_capture_and_no_file() {
    let home = Home::new();
    let fake = Fake::new(&[("R58M", "unauthorized")]);
    let mut command = home.candor(&["capture", "--listen", "127.0.0.1:0", "--out", "out.candor", "--android"]);
    let out = command.env("ANDROID_ADB_SERVER_PORT", fake.port().to_string()).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out).contains("allow this computer"), "{}", text(&out));
    assert!(!home.file("out.candor").exists());
}

/// A phone with an app, sent through a proxy of its owner's.
fn phone_with_an_app() -> Fake {
    phone_with("org.example.web")
}

fn phone_with(app: &str) -> Fake {
    let fake = Fake::new(&[("R58M", "device")]);
    fake.state().settings.insert("http_proxy".into(), "proxy.example:3128".into());
    fake.state().app = Some(app.into());
    fake
}

fn audit(home: &Home, fake: &Fake, scenario: &str, more: &[&str]) -> Command {
    let app = format!("android:{}", fake.state().app.as_deref().unwrap_or("org.example.web"));
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").display().to_string();
    let all = [&["audit", &app, "--data", &data, "--scenario", scenario, "--seed", "7"], more];
    let mut command = home.candor(&all.concat());
    command.env("ANDROID_ADB_SERVER_PORT", fake.port().to_string()).env_remove("ANDROID_SERIAL");
    command
}

/// Nothing is left on the phone of what it was told.
fn is_as_it_was(fake: &Fake) {
    let state = fake.state();
    assert_eq!(state.settings["http_proxy"], "proxy.example:3128");
    assert_eq!((state.settings.len(), state.reversed.len(), state.files.len()), (1, 0, 0));
}

/// What is in the run's file of this kind.
fn left(home: &Home, kind: &str) -> Vec<u8> {
    let mut files = std::fs::read_dir(home.file("runs")).unwrap().map(|file| file.unwrap().path());
    std::fs::read(files.find(|path| path.extension().is_some_and(|end| end == kind)).unwrap()).unwrap()
}

#[test]
fn an_app_on_a_phone_is_audited_and_the_phone_is_left_as_it_was() {
    let (home, fake) = (Home::new(), phone_with_an_app());
    let out = audit(&home, &fake, "by-cable", &[]).output().unwrap();
    let said = text(&out);
    is_as_it_was(&fake);
    assert_eq!(fake.state().opened.len(), 1, "a private visit is not made as an ordinary one");
    assert!(!fake.state().commands.iter().any(|told| told.starts_with("pm clear")), "nobody allowed it");
    assert!(fake.state().commands.iter().any(|told| told.ends_with("-n org.example.web/.Main")), "it was started");
    let json: serde_json::Value = serde_json::from_slice(&left(&home, "json")).unwrap();
    let is_told = |seen: &serde_json::Value| seen.to_string().contains("visited-url");
    assert!(json["findings"].as_array().unwrap().iter().any(is_told), "{said}");
    let words: Vec<&str> = said.split_whitespace().collect();
    let flat = words.join(" ");
    for told in [
        "org.example.web 7.0.1 (7000)",
        "collect.maker.example was sent the address of a page visited, once",
        "used android:org.example.web as it was left on the phone",
        "on manufacturer model, Android release condition Without the maker",
        "Candor ran beside the phone, on ",
        "Who makes the app org.example.web is not known to Candor, which knows few apps.",
        "installed by com.android.vending, the store Google Play",
        "came with the phone and was updated since",
        "signed by 4fa7a6ec",
        "an app by the cable cannot be typed into",
        "private mode is untested: Candor knows no way in which another app opens a private page of it",
        "UNTESTED As installed, nothing of what is visited",
        "UNTESTED In private mode, nothing of what is visited",
    ] {
        assert!(flat.contains(told), "{told}: {said}");
    }
    let html = String::from_utf8(left(&home, "html")).unwrap();
    assert!(html.contains(&"ab".repeat(32)), "the digest of its package");
    assert!(!html.contains("fresh install"), "it was in use");
    assert!(!flat.contains("✓ KEPT") && !flat.contains("✓ MET"), "what goes past the proxy was not watched");
}

/// What became of a promise.
fn word(report: &serde_json::Value, promise: &str) -> String {
    let all = report["promises"].as_array().unwrap();
    all.iter().find(|one| one["id"] == promise).unwrap()["verdict"].as_str().unwrap().to_owned()
}

fn report(home: &Home) -> serde_json::Value {
    serde_json::from_slice(&left(home, "json")).unwrap()
}

#[test]
fn an_app_with_private_pages_is_asked_for_them_and_judged_by_them() {
    for (keeps, verdict) in [(false, "not-met"), (true, "unclear")] {
        let (home, fake) = (Home::new(), phone_with("org.example.tabs"));
        fake.state().keeps_private = keeps;
        let said = text(&audit(&home, &fake, "by-cable", &[]).output().unwrap());
        let mut asked: Vec<Option<String>> = fake.state().opened.iter().map(|(_, extra)| extra.clone()).collect();
        asked.sort();
        assert_eq!(asked, [None, Some("in_private".to_owned())], "a page in each mode");
        assert_eq!(word(&report(&home), "private-reports-nothing"), verdict, "{said}");
        assert!(said.contains("asked for by the extra in_private"), "{said}");
        is_as_it_was(&fake);
    }
}

#[test]
fn an_app_whose_private_tabs_open_empty_is_told_by_its_socket_what_to_load() {
    for (keeps, verdict) in [(false, "not-met"), (true, "unclear")] {
        let (home, fake) = (Home::new(), phone_with("org.example.socket"));
        fake.state().keeps_private = keeps;
        let said = text(&audit(&home, &fake, "by-cable", &[]).output().unwrap());
        let mut asked: Vec<Option<String>> = fake.state().opened.iter().map(|(_, how)| how.clone()).collect();
        asked.sort();
        assert_eq!(asked, [None, Some("in its tab".to_owned())], "a page in each mode: {said}");
        assert_eq!(word(&report(&home), "private-reports-nothing"), verdict, "{said}");
        is_as_it_was(&fake);
    }
}

#[test]
fn a_tab_that_is_not_seen_to_be_private_is_not_used_and_nobody_is_accused() {
    for others in [None, Some("org.example.other".to_owned())] {
        let (home, fake) = (Home::new(), phone_with("org.example.socket"));
        fake.state().opens_ordinary = others.is_none();
        fake.state().socket_of = others;
        let said = text(&audit(&home, &fake, "by-cable", &[]).output().unwrap());
        assert_eq!(fake.state().opened.len(), 1, "the ordinary page only");
        assert_eq!(word(&report(&home), "private-reports-nothing"), "untested", "{said}");
        assert!(said.contains("this app cannot be seen to open a private tab"), "{said}");
    }
}

#[test]
fn an_app_that_is_always_private_is_judged_by_all_its_pages() {
    let (home, fake) = (Home::new(), phone_with("org.example.masked"));
    let said = text(&audit(&home, &fake, "by-cable", &[]).output().unwrap());
    assert_eq!(fake.state().opened.len(), 2);
    assert!(fake.state().opened.iter().all(|(_, extra)| extra.is_none()), "it needs no asking");
    let report = report(&home);
    assert_eq!(word(&report, "private-reports-nothing"), "not-met", "{said}");
    let broken = report["promises"].as_array().unwrap().iter().find(|one| one["id"] == "private-reports-nothing");
    assert_eq!(broken.unwrap()["visits"], 2, "every visit was a private one: {said}");
    assert!(said.contains("every page of this app counts as private: our own"), "{said}");
}

#[test]
fn an_app_is_cleared_where_the_person_allows_it_and_is_then_as_installed() {
    let (home, fake) = (Home::new(), phone_with_an_app());
    fake.state().rooted = true;
    let said = text(&audit(&home, &fake, "by-cable", &["--clear"]).output().unwrap());
    assert!(said.contains("NOT MET  As installed, nothing of what is visited"), "{said}");
    let told = fake.state().commands.clone();
    assert_eq!(told.iter().filter(|told| *told == "pm clear org.example.web").count(), 2, "before each trial");
    let at = |what: &str| told.iter().rposition(|told| told.contains(what)).unwrap();
    assert!(at("mount -t tmpfs") < at("pm clear") && at("pm clear") < at("umount"), "the certificate comes and goes");
    assert_eq!(fake.state().settings["http_proxy"], "proxy.example:3128");
    assert!(fake.state().reversed.is_empty());
}

#[test]
fn a_phone_is_as_it_was_after_an_error_too() {
    let (home, fake) = (Home::new(), phone_with_an_app());
    fake.state().stuck = true;
    let said = text(&audit(&home, &fake, "by-cable", &[]).output().unwrap());
    assert!(said.contains("am force-stop org.example.web"), "{said}");
    assert!(fake.state().commands.iter().any(|told| told.starts_with("settings put global http_proxy 127.0.0.1:")));
    is_as_it_was(&fake);
}

#[test]
fn a_phone_is_as_it_was_after_ctrl_c_too() {
    for how in ["-INT", "-TERM"] {
        let (home, fake) = (Home::new(), phone_with_an_app());
        let mut command = audit(&home, &fake, "long", &[]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Ended while its app is used: then the phone is farthest from what it was.
        told(&fake, "-n org.example.web/.Main");
        assert_ne!(fake.state().settings["http_proxy"], "proxy.example:3128");
        signal(child.id(), how);
        child.wait().unwrap();
        is_as_it_was(&fake);
        assert_eq!(locks(&home), 0);
        let last = fake.state().commands.iter().rev().find(|told| told.starts_with("am ")).cloned();
        assert_eq!(last.as_deref(), Some("am force-stop org.example.web"));
    }
}

/// Waits until the fake was told something.
fn told(fake: &Fake, what: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    while !fake.state().commands.iter().any(|told| told.contains(what)) {
        assert!(Instant::now() < end, "it was never told {what:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Lock files of runs with phones.
fn locks(home: &Home) -> usize {
    let all = std::fs::read_dir(home.file("home")).unwrap().map(|file| file.unwrap().file_name());
    all.filter(|name| name.to_string_lossy().starts_with("phone-")).count()
}

/// An audit of a phone with root, killed while its app was used.
fn killed(home: &Home, fake: &Fake) {
    fake.state().rooted = true;
    let mut child = audit(home, fake, "long", &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    told(fake, "-n org.example.web/.Main");
    child.kill().unwrap();
    child.wait().unwrap();
    let left = fake.state().settings["http_proxy"].clone();
    assert!(left.starts_with("127.0.0.1:") && locks(home) == 1, "{left}");
    fake.state().commands.clear();
}

#[test]
fn what_a_killed_run_left_on_a_phone_is_taken_back_by_the_next_start_with_it() {
    let (home, fake) = (Home::new(), phone_with_an_app());
    killed(&home, &fake);
    let run = |what: &[&str]| {
        text(&home.candor(what).env("ANDROID_ADB_SERVER_PORT", fake.port().to_string()).output().unwrap())
    };
    let said = run(&["ca", "install", "--android"]);
    assert!(said.contains("a run with the phone R58M was killed"), "{said}");
    assert_eq!(fake.state().settings["http_proxy"], "proxy.example:3128");
    assert!(fake.state().reversed.is_empty() && locks(&home) == 0);
    let at = |what: &str| fake.state().commands.iter().position(|told| told.contains(what)).unwrap();
    assert!(at("umount") < at("mount -t tmpfs"), "the old certificate went before the new one came");
    assert!(!run(&["ca", "remove", "--android"]).contains("was killed"), "it is paid once");
}

#[test]
fn what_a_killed_capture_left_on_a_phone_is_taken_back_too() {
    let (home, fake) = (Home::new(), phone_with_an_app());
    let start = |out: &str| {
        let mut command = home.candor(&["capture", "--listen", "127.0.0.1:0", "--out", out, "--sinkhole", "--android"]);
        command.env("ANDROID_ADB_SERVER_PORT", fake.port().to_string());
        Capture::start(command)
    };
    start("killed.candor").kill();
    assert!(fake.state().settings["http_proxy"].starts_with("127.0.0.1:"));
    let second = start("second.candor");
    assert!(
        second.heard.iter().any(|line| line.contains("a run with the phone R58M was killed")),
        "{:?}",
        second.heard
    );
    assert_eq!(second.stop().status, 3, "nothing was sent through it");
    assert_eq!((fake.state().settings["http_proxy"].as_str(), locks(&home)), ("proxy.example:3128", 0));
}

#[test]
fn what_is_owed_to_one_phone_is_not_given_to_another() {
    let (home, fake) = (Home::new(), phone_with_an_app());
    killed(&home, &fake);
    let other = phone_with_an_app();
    other.state().states = vec![("X99".into(), "device".into())];
    let mut command = home.candor(&["ca", "remove", "--android"]);
    let said = text(&command.env("ANDROID_ADB_SERVER_PORT", other.port().to_string()).output().unwrap());
    assert!(!said.contains("was killed") && locks(&home) == 1, "{said}");
    // Whoever set another proxy since keeps it.
    fake.state().settings.insert("http_proxy".into(), "new.example:8080".into());
    let out = audit(&home, &fake, "by-cable", &[]).output().unwrap();
    assert!(text(&out).contains("was killed"), "{}", text(&out));
    assert_eq!(fake.state().settings["http_proxy"], "new.example:8080");
    assert_eq!(locks(&home), 0);
}

#[test]
fn an_app_that_is_not_there_is_said_before_the_phone_is_touched() {
    let (home, fake) = (Home::new(), phone_with_an_app());
    fake.state().app = None;
    let out = audit(&home, &fake, "by-cable", &[]).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out).contains("this app is not on the phone"), "{}", text(&out));
    is_as_it_was(&fake);
}
