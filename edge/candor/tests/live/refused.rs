//! Options of `candor audit` that would do nothing for what is audited.

use crate::stage::{Home, text};

#[test]
fn an_option_that_would_do_nothing_is_refused_with_what_it_is_for() {
    let home = Home::new();
    for (arguments, says) in [
        (&["audit", "chromium", "--clear"][..], "--clear is for apps on a phone (android:PACKAGE)"),
        (&["audit", "reporting-phone", "firefox-esr", "--clear"], "--clear is for apps on a phone"),
        (&["audit", "phone", "--guided", "--clear"], "what a phone by hand forgets is up to its owner"),
        (&["audit", "--command", "falkon {url}", "--clear"], "--clear is for apps on a phone"),
        (&["audit", "android:org.example.web", "--no-namespace"], "--no-namespace is for programs on this machine"),
        (&["audit", "phone", "--guided", "--no-namespace"], "--no-namespace is for programs on this machine"),
        (&["audit", "android:org.example.web", "--headless"], "--headless is for browsers of the Chromium and"),
        (&["audit", "--command", "falkon {url}", "--headless"], "--headless is for browsers of the Chromium and"),
        (&["audit", "phone", "--guided", "--headless"], "--headless is for browsers of the Chromium and"),
        (&["audit", "chromium", "--paired", "192.0.2.7"], "--paired is for --guided"),
        (&["audit", "chromium", "--listen", "127.0.0.1:0"], "--guided"),
        (&["audit", "android:org.example.web", "--guided"], "--guided is for `phone`"),
        (&["audit", "--command", "falkon {url}", "--listen", "127.0.0.1:0"], "--command"),
        (&["audit", "--private-flag=-p"], "--command"),
        (&["audit", "firefox-focus@12"], "firefox-focus has no editions: candor audit firefox-focus"),
        (&["audit", "chromium", "--private-flag=-p"], "cannot be used with"),
        (&["audit", "chromium", "--address-keys", "F6"], "cannot be used with"),
    ] {
        let out = home.run(arguments);
        assert_eq!(out.status.code(), Some(2), "{arguments:?}");
        assert!(text(&out).contains(says), "{arguments:?}: {}", text(&out));
        assert!(!home.file("runs").exists(), "{arguments:?} began");
    }
}
