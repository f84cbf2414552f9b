//! Phones by cable, against a server that speaks as adb's does.

use crate::{
    phone::Fake,
    stage::{Capture, Home, text},
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
        assert_eq!(said.contains("apps included, until it is restarted"), rooted, "{said}");
        let told = fake.state().commands.join("\n");
        assert_eq!(told.contains("mount -t tmpfs"), rooted);
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
