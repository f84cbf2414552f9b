//! A phone: a network namespace whose only way out leads through the capturing
//! host, and which has no proxy setting. Three namespaces stand in for phone,
//! host and internet; where none can be made the tests say so and pass.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "in a test a panic is the report")]

mod network;

#[allow(dead_code, reason = "shared with the tests of the live commands")]
#[path = "../live/stage.rs"]
mod stage;

use std::process::Command;

use network::Network;
use stage::{Capture, Home, text};

const TAKE: [&str; 11] = [
    "capture",
    "--listen",
    "127.0.0.1:0",
    "--out",
    "out.candor",
    "--transparent",
    "card",
    "--paired",
    "10.77.0.2",
    "--paired",
    "fd77::2",
];

/// Starts a capture on the host.
fn capture(network: &Network, home: &Home, more: &[&str]) -> Capture {
    let all = [&TAKE[..], more].concat();
    Capture::start(network.on_the_host(home.candor(&all)))
}

fn trusted(home: &Home) -> String {
    std::fs::write(home.file("ca.pem"), home.run(&["ca", "show", "--pem"]).stdout).unwrap();
    home.file("ca.pem").to_str().unwrap().to_owned()
}

#[test]
fn what_a_phone_sends_is_read_without_any_setting_on_it() {
    let Some(network) = Network::new("sink") else { return };
    let home = Home::new();
    let ca = trusted(&home);
    let capture = capture(&network, &home, &["--sinkhole", "--dns"]);
    for arguments in [
        &["--http2", "https://asked.example/two"][..],
        &["--http1.1", "https://asked.example/one"],
        &["http://asked.example:8080/clear"],
        &["-g", "https://[2001:db8::7]/six"],
    ] {
        let out = network.on_the_phone(&[&["curl", "-sS", "--max-time", "30", "--cacert", &ca], arguments].concat());
        assert!(out.status.success(), "{arguments:?}: {}", text(&out));
    }
    // Two datagrams of QUIC over each version of IP, and one of something else.
    for address in ["203.0.113.9/443", "2001:db8::7/443", "203.0.113.9/443", "2001:db8::7/443", "203.0.113.9/3478"] {
        network.on_the_phone(&["bash", "-c", &format!("echo x > /dev/udp/{address}")]);
    }
    let ended = capture.stop();
    assert!(ended.stdout.contains("4 packets of QUIC refused"), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("1 packets refused that were neither"), "{}", ended.stdout);
    let seen = home.evidence("select url, inlet, answered_by from exchange order by url");
    let expected = "http://asked.example:8080/clear|transparent|sinkhole\n\
                    https://[2001:db8::7]/six|transparent|sinkhole\n\
                    https://asked.example/one|transparent|sinkhole\n\
                    https://asked.example/two|transparent|sinkhole\n";
    assert_eq!(seen, expected);
    assert_eq!(network.tables(), "", "the table is gone");
}

#[test]
fn what_a_phone_sends_goes_on_to_its_server() {
    let Some(network) = Network::new("onward") else { return };
    if !network.serve() {
        return;
    }
    let home = Home::new();
    let ca = trusted(&home);
    let (v4, v6) = ("203.0.113.80", "2001:db8:1::80");
    // Both are addresses for documentation, on a link of this machine's own.
    let named = ["--allow-upstream", v4, "--allow-upstream", v6, "--insecure-upstream", v4, "--insecure-upstream", v6];
    let capture = capture(&network, &home, &named);
    for url in ["https://203.0.113.80/file", "https://[2001:db8:1::80]/file", "http://203.0.113.80/file"] {
        let out = network.on_the_phone(&["curl", "-sS", "-g", "--max-time", "30", "--cacert", &ca, url]);
        assert_eq!(text(&out), "from the internet\n", "{url}");
    }
    // One that does not trust us gets through in the end, untouched and counted.
    let theirs = network.certificate();
    let tries: Vec<bool> = (0..4)
        .map(|_| {
            network.on_the_phone(&["curl", "-sS", "--max-time", "30", "--cacert", &theirs, "https://203.0.113.80/file"])
        })
        .map(|out| out.status.success())
        .collect();
    assert_eq!(tries, [false, false, false, true]);
    let ended = capture.stop();
    assert!(ended.stdout.contains("3 connections whose client refused"), "{}", ended.stdout);
    assert!(ended.stdout.contains("1 connection passed through untouched"), "{}", ended.stdout);
    let seen = home.evidence("select url, answered_by from exchange where sealed is null order by url");
    let expected = "http://203.0.113.80/file|upstream\nhttps://203.0.113.80/file|upstream\nhttps://[2001:db8:1::80]/file|upstream\n";
    assert_eq!(seen, expected);
}

#[test]
fn a_phone_that_is_not_paired_is_shown_how_to_be() {
    let Some(network) = Network::new("stranger") else { return };
    let home = Home::new();
    let alone = ["capture", "--listen", "127.0.0.1:0", "--out", "out.candor", "--transparent", "card", "--sinkhole"];
    let mut capture = Capture::start(network.on_the_host(home.candor(&alone)));
    let curl =
        |arguments: &[&str]| text(&network.on_the_phone(&[&["curl", "-sS", "--max-time", "30"], arguments].concat()));
    assert!(curl(&["http://203.0.113.9/"]).contains("Type the code"));
    let line = capture.hear("asks to be let in; its code is ");
    assert!(line.contains("10.77.0.2"), "{line}");
    let code = format!("code={}", line.rsplit(' ').next().unwrap());
    assert!(curl(&["-d", &code, "http://203.0.113.9/candor-pairing"]).contains("is paired"));
    assert!(!curl(&["http://203.0.113.9/now"]).contains("Type the code"));
    capture.stop();
    assert_eq!(home.evidence("select url from exchange"), "http://203.0.113.9/now\n");
}

#[test]
fn what_a_killed_capture_left_is_removed_by_the_next_and_nothing_else() {
    let Some(network) = Network::new("left") else { return };
    let home = Home::new();
    let first = capture(&network, &home, &["--sinkhole"]);
    let left = format!("table inet candor_{}", first.pid());
    first.kill();
    network.nft("add table inet candor_1");
    assert!(network.tables().contains(&left));
    std::fs::remove_file(home.file("out.candor")).unwrap();
    let second = capture(&network, &home, &["--sinkhole"]);
    let own = format!("table inet candor_{}\n", second.pid());
    let (tables, mut expected) = (network.tables(), ["table inet candor_1\n", &own]);
    expected.sort_unstable();
    assert_eq!(tables, expected.concat());
    second.stop();
    assert_eq!(network.tables(), "table inet candor_1\n");
}

#[test]
fn a_card_that_is_not_there_is_said_so() {
    let home = Home::new();
    let out = home.run(&["capture", "--transparent", "no card"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out).contains("`ip link` lists them"), "{}", text(&out));
}

/// Chromium as nobody, with a store of its own that trusts us.
fn chromium(network: &Network, home: &Home, url: &str) -> String {
    let own = home.file("chromium");
    let database = own.join(".pki/nssdb");
    std::fs::create_dir_all(&database).unwrap();
    let at = format!("sql:{}", database.display());
    let certutil = |arguments: &[&str]| {
        let done = Command::new("certutil").args(["-d", &at]).args(arguments).status().unwrap();
        assert!(done.success());
    };
    if !database.join("cert9.db").exists() {
        certutil(&["-N", "--empty-password"]);
        certutil(&["-A", "-n", "Candor", "-t", "C,,", "-i", home.file("ca.pem").to_str().unwrap()]);
    }
    assert!(Command::new("chown").args(["-R", "65534:65534"]).arg(&own).status().unwrap().success());
    // Nobody has to get to it.
    assert!(Command::new("chmod").arg("711").arg(own.parent().unwrap()).status().unwrap().success());
    let own = own.display();
    let script = format!(
        "exec timeout 100 setpriv --reuid 65534 --regid 65534 --clear-groups env -i PATH=\"$PATH\" HOME={own} \
         chromium --headless=new --disable-gpu --user-data-dir={own}/data --no-first-run --virtual-time-budget=3000 --dump-dom '{url}'"
    );
    text(&network.on_the_phone(&["sh", "-c", &script]))
}

#[test]
fn chromium_on_a_phone_is_read_over_both_versions_of_ip() {
    for program in ["chromium", "certutil", "setpriv"] {
        if !Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap().status.success() {
            println!("skipped: no {program} here");
            return;
        }
    }
    let Some(network) = Network::new("chromium") else { return };
    let home = Home::new();
    trusted(&home);
    let capture = capture(&network, &home, &["--sinkhole", "--dns"]);
    let said: Vec<String> = ["https://visited-by-phone.com/page", "https://[2001:db8::7]/page"]
        .map(|url| chromium(&network, &home, url))
        .into();
    capture.stop();
    for url in ["https://visited-by-phone.com/page", "https://[2001:db8::7]/page"] {
        let question = format!(
            "select count(*), min(content ->> '$.inlet') from record where kind = 'exchange' and content ->> '$.request.url' = '{url}'"
        );
        let seen = home.evidence(&question);
        assert!(seen.ends_with("|transparent\n") && !seen.starts_with("0|"), "{url}: {seen} {said:?}");
    }
}
