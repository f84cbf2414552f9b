//! The certificate authority of a person.

use std::os::unix::fs::PermissionsExt;

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
