//! The certificate authority of a person.

use std::{os::unix::fs::PermissionsExt, path::Path, process::Command};

use crate::stage::{Home, text};

#[test]
fn it_is_shown_with_its_fingerprint_and_never_with_its_key() {
    let home = Home::new();
    let (shown, pem) = (text(&home.run(&["ca", "show"])), text(&home.run(&["ca", "show", "--pem"])));
    assert!(shown.contains("authority.pem") && shown.contains("SHA-256 "), "{shown}");
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----") && !pem.contains("PRIVATE"), "{pem}");
    assert_eq!(text(&home.run(&["ca", "show"])), shown);
}

#[test]
fn a_key_that_is_open_to_others_is_refused_before_anything_listens() {
    let home = Home::new();
    home.run(&["ca", "show"]);
    let file = home.file("home/authority.pem");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let out = home.run(&["capture", "--listen", "127.0.0.1:0"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out).contains("open to others on this machine (mode 644): chmod 600"), "{}", text(&out));
}

fn has(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    let found = found.is_ok_and(|out| out.status.success());
    if !found {
        println!("skipped: no {program} here");
    }
    found
}

/// What certutil lists in a database.
fn listed(database: &Path) -> String {
    let database = format!("sql:{}", database.display());
    text(&Command::new("certutil").args(["-L", "-d", &database]).output().unwrap())
}

#[test]
fn chromium_and_firefox_trust_it_until_it_is_removed() {
    if !has("certutil") {
        return;
    }
    let home = Home::new();
    let profile = home.file(".mozilla/firefox/x.default-esr");
    std::fs::create_dir_all(&profile).unwrap();
    let database = format!("sql:{}", profile.display());
    assert!(Command::new("certutil").args(["-N", "--empty-password", "-d", &database]).status().unwrap().success());
    // Twice, and with another authority in between: there is never more than one.
    for _ in 0..2 {
        let out = home.run(&["ca", "install"]);
        assert!(out.status.success() && text(&out).contains("SHA-256"), "{}", text(&out));
        for database in [&profile, &home.file(".pki/nssdb")] {
            let listed = listed(database);
            assert_eq!(listed.matches("Candor CA").count(), 1, "{listed}");
            assert!(listed.contains("C,,"), "trusted for web servers alone: {listed}");
        }
        std::fs::remove_file(home.file("home/authority.pem")).unwrap();
    }
    let out = text(&home.run(&["ca", "remove"]));
    assert!(out.contains("Chromium no longer") && out.contains("Firefox no longer"), "{out}");
    assert!(!listed(&profile).contains("Candor") && !listed(&home.file(".pki/nssdb")).contains("Candor"));
    assert!(text(&home.run(&["ca", "remove"])).contains("nowhere"));
}

#[test]
fn a_whole_machine_trusts_it_until_it_is_removed() {
    if !has("update-ca-certificates") {
        return;
    }
    let home = Home::new();
    let root = home.file("root");
    let local = "usr/local/share/ca-certificates";
    for folder in ["etc/ssl/certs", "usr/share/ca-certificates", "etc/ca-certificates/update.d", local] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    // Somebody else's, which has to stay.
    let other = String::from_utf8(Home::new().run(&["ca", "show", "--pem"]).stdout).unwrap();
    std::fs::write(root.join(local).join("other.crt"), &other).unwrap();
    std::fs::write(root.join("etc/ca-certificates.conf"), "").unwrap();
    let run = |what: &str| home.run(&["ca", what, "--system"]);
    let out = run("install");
    assert!(out.status.success(), "{}", text(&out));
    let bundle = || std::fs::read_to_string(root.join("etc/ssl/certs/ca-certificates.crt")).unwrap_or_default();
    let shown = String::from_utf8(home.run(&["ca", "show", "--pem"]).stdout).unwrap();
    assert!(bundle().contains(shown.trim()));
    assert!(text(&run("remove")).contains("no longer"));
    assert!(!bundle().contains(shown.trim()) && bundle().contains(other.trim()));
}

#[test]
fn a_phone_without_a_server_for_it_is_said_to_be_missing() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let home = Home::new();
    let mut command = home.candor(&["ca", "install", "--android"]);
    let out = command.env("ANDROID_ADB_SERVER_PORT", gone.to_string()).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out).contains("adb start-server"), "{}", text(&out));
}

#[test]
fn the_authority_is_destroyed_only_if_that_was_asked() {
    let home = Home::new();
    home.run(&["ca", "show"]);
    home.run(&["ca", "remove", "--system"]);
    assert!(home.file("home/authority.pem").exists());
    assert!(text(&home.run(&["ca", "remove", "--system", "--authority"])).contains("destroyed"));
    assert!(!home.file("home/authority.pem").exists());
}

#[test]
fn to_remove_it_makes_no_database() {
    let home = Home::new();
    let out = home.run(&["ca", "remove"]);
    assert!(out.status.success() && text(&out).contains("nowhere"), "{}", text(&out));
    assert!(!home.file(".pki").exists());
}

#[test]
fn a_database_that_cannot_be_asked_is_never_one_without_it() {
    let home = Home::new();
    home.run(&["ca", "show"]);
    let database = home.file(".pki/nssdb");
    std::fs::create_dir_all(&database).unwrap();
    std::fs::write(database.join("cert9.db"), "no database").unwrap();
    // Where there is no certutil, and where it cannot read the file.
    let mut without = home.candor(&["ca", "remove"]);
    let mut runs = vec![without.env("PATH", home.file("nothing")).output().unwrap()];
    if has("certutil") {
        runs.push(home.run(&["ca", "remove"]));
    }
    for out in &runs {
        assert_eq!(out.status.code(), Some(2), "{}", text(out));
        assert!(text(out).contains("certutil") && !text(out).contains("nowhere"), "{}", text(out));
    }
}

#[test]
fn the_key_can_be_destroyed_without_any_program() {
    let home = Home::new();
    home.run(&["ca", "show"]);
    let database = home.file(".pki/nssdb");
    std::fs::create_dir_all(&database).unwrap();
    for (has_database, status) in [(false, 0), (true, 2)] {
        if has_database {
            std::fs::write(database.join("cert9.db"), "").unwrap();
        }
        std::fs::write(home.file("home/authority.pem"), "no authority").unwrap();
        let mut command = home.candor(&["ca", "remove", "--authority"]);
        let out = command.env("PATH", home.file("nothing")).output().unwrap();
        assert_eq!(out.status.code(), Some(status), "{}", text(&out));
        assert!(text(&out).contains("destroyed") && !home.file("home/authority.pem").exists());
    }
}
