//! Captures of packets that other programs wrote, held against tshark.
//!
//! `cbc.pcap` and `suites.pcap` are of OpenSSL (`s_client`, with and without
//! encrypt-then-MAC) and curl at an nginx on loopback, recorded by dumpcap. Where there is no
//! tshark the test says so and passes.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test runs programs; the core does not")]

use std::{ops::ControlFlow, path::PathBuf, process::Command};

use formats::{PieceItem, cut_with_keys};
use model::Record;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/packets").join(name)
}

/// Method and path of every request, and how many connections were sealed.
fn requests(capture: &str, with_keys: bool) -> (Vec<String>, usize) {
    let capture = file(capture);
    let keys = std::fs::read(capture.with_extension("pcap.keys")).expect("the capture is there");
    let bytes = std::fs::read(capture).expect("the capture is there");
    let (mut requests, mut sealed) = (Vec::new(), 0);
    cut_with_keys(&mut &bytes[..], if with_keys { &keys } else { b"" }, &mut |piece| {
        piece.read(&mut |item| match item {
            PieceItem::Record(Record::Exchange(exchange)) if exchange.seal.is_some() => sealed += 1,
            PieceItem::Record(Record::Exchange(exchange)) => {
                let path = exchange.request.url.splitn(4, '/').nth(3).unwrap_or_default();
                requests.push(format!("{} /{path}", exchange.request.method));
                assert_eq!(exchange.response.map(|response| response.status), Some(200));
            }
            PieceItem::Record(_) => {}
            PieceItem::Gap(gap) => panic!("{}", gap.says),
        });
        ControlFlow::Continue(())
    })
    .expect("the capture is there");
    requests.sort();
    (requests, sealed)
}

#[test]
fn suites_of_every_kind_are_opened_and_sealed_without_their_secrets() {
    let (opened, sealed) = requests("cbc.pcap", true);
    assert_eq!(
        (&opened[..], sealed),
        (
            &[
                "GET /AES128-SHA".to_owned(),
                "GET /ECDHE-RSA-AES256-SHA384".to_owned(),
                "GET /etm-AES256-SHA256".to_owned(),
                "GET /etm-ECDHE-RSA-AES256-SHA384".to_owned()
            ][..],
            0
        )
    );
    assert_eq!(requests("cbc.pcap", false), (vec![], 4));
    let (opened, sealed) = requests("suites.pcap", true);
    assert_eq!((opened.len(), sealed), (16, 0));
    assert_eq!(requests("suites.pcap", false), (vec![], 14));
}

#[test]
fn every_request_that_tshark_sees_is_seen() {
    for capture in ["cbc.pcap", "suites.pcap"] {
        let keys = format!("tls.keylog_file:{}", file(capture).with_extension("pcap.keys").display());
        let ran = Command::new("tshark")
            .args([
                "-o",
                &keys,
                "-d",
                "tcp.port==18443,tls",
                "-Y",
                "http.request or http2.headers.method",
                "-T",
                "fields",
            ])
            .args(["-e", "http.request.method", "-e", "http.request.uri", "-e", "http2.headers.method"])
            .args(["-e", "http2.headers.path", "-r"])
            .arg(file(capture))
            .output();
        let Ok(ran) = ran else {
            eprintln!("there is no tshark here: nothing was compared");
            return;
        };
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let mut seen: Vec<String> = String::from_utf8_lossy(&ran.stdout)
            .lines()
            .map(|line| line.split('\t').filter(|field| !field.is_empty()).collect::<Vec<_>>().join(" "))
            .collect();
        seen.sort();
        assert_eq!(requests(capture, true).0, seen, "{capture}");
    }
}
