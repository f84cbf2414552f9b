//! What can be taken away from the pages.

use std::sync::Arc;

use evidence::{ChainState, Evidence};
use gate::ActivityFeed;
use jiff::tz::TimeZone;
use knowledge::Knowledge;
use proxy::CertificateAuthority;
use serve::PageServer;
use tokio::net::TcpListener;

use crate::stage::{FORM, Stage};

#[tokio::test]
async fn the_evidence_can_be_taken_away_while_it_is_written() {
    let stage = Stage::new().await;
    stage.post("/strict", "on=on").await;
    let answer = stage.get("/evidence.candor").await;
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"evidence.candor\""));
    let path = stage.folder.path().join("taken.candor");
    std::fs::write(&path, &answer.bytes).unwrap();
    let verified = Evidence::open(&path).unwrap().verify().unwrap();
    assert_eq!((verified.state, verified.ended), (ChainState::Intact, false));
    assert!(verified.records > 0, "the change stands in it");
    let left = std::fs::read_dir(stage.folder.path().join("guard/evidence")).unwrap();
    let copies = left.flatten().filter(|file| file.file_name().to_string_lossy().contains("copy")).count();
    assert_eq!(copies, 0, "nothing is left behind");
}

#[tokio::test]
async fn a_capture_shows_what_it_sees_and_has_nothing_to_switch() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = CertificateAuthority::in_memory("Candor").unwrap();
    let pages = PageServer::capture(Arc::new(ActivityFeed::default()), Arc::new(Knowledge::built_in()), None);
    let serving = pages.zone(TimeZone::UTC).authority(authority.cert_pem()).unwrap().serve(listener).unwrap();
    let stage = Stage::around(serving).await;
    let page = stage.get("/").await.body;
    assert!(page.contains("Watching, stopping nothing") && !page.contains("/settings"));
    assert!(stage.get("/install").await.body.contains(&authority.fingerprint()));
    let certificate = stage.get("/certificate.crt").await;
    assert_eq!((certificate.status, certificate.bytes[0]), (200, 0x30), "DER");
    let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
    let headers = [("Cookie", stage.cookie.as_str()), FORM];
    let link = stage.ask("POST", "/link", &headers, &format!("csrf={csrf}")).await.body;
    let outside = [stage.ask("GET", "/", &[], "").await, stage.ask("GET", "/enter?token=used", &[], "").await];
    for page in [link, outside[0].body.clone(), outside[1].body.clone()] {
        assert!(page.contains("Candor ends") || page.contains("started anew"), "{page}");
        assert!(!page.contains("guard link") && !page.contains("30 days"), "there is no guard to ask: {page}");
    }
    for path in ["/settings", "/evidence.candor", "/api/choices"] {
        assert_eq!(stage.get(path).await.status, 404, "{path}");
    }
}
