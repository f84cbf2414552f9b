//! What is seen of planted values in whole requests.

mod checks;

use checks::{check, detector, lines, post, request, sightings};
use expect_test::expect;
use model::{Page, PageForm, Time};

const URL: (&str, &str, &str) = ("url-1", "visited-url", "https://qvwzkrtplmxn.com/berlin-9f2c7/page?q=zx81");
const EMAIL: (&str, &str, &str) = ("mail-1", "email", "Zoe.Fink60@sallo-post.example");

#[test]
fn a_value_is_said_once_at_the_deepest_place_that_shows_it() {
    check(
        &[URL],
        &post(br#"data=%5B%7B%22url%22%3A%22https%3A%2F%2Fqvwzkrtplmxn.com%2Fberlin-9f2c7%2Fpage%3Fq%3Dzx81%22%7D%5D"#),
        expect![[r#"
            visited-url url-1 plain: body ▸ form data ▸ json $[0].url = https://qvwzkrtplmxn.com/berlin-9f2c7/page?q=zx81
        "#]],
    );
}

#[test]
fn every_canary_that_a_value_contains_is_seen() {
    check(
        &[URL, ("part-1", "visited-url-part", "berlin-9f2c7"), ("host-1", "visited-host", "qvwzkrtplmxn.com")],
        &request("GET", "https://a.example/", &[("Referer", URL.2)], b""),
        expect![[r#"
            visited-url url-1 plain: header referer = https://qvwzkrtplmxn.com/berlin-9f2c7/page?q=zx81
            visited-host host-1 plain: header referer = https://qvwzkrtplmxn.com/berlin-9f2c7/page?q=zx81
            visited-url-part part-1 plain: header referer ▸ path 1 = berlin-9f2c7
        "#]],
    );
}

#[test]
fn an_address_is_seen_in_all_its_forms() {
    let mut detector = detector(&[URL]);
    for form in [
        "https://qvwzkrtplmxn.com/berlin-9f2c7/page?q=zx81",
        "HTTPS://QVWZKRTPLMXN.COM/berlin-9f2c7/page?q=zx81#top",
        "http://www.qvwzkrtplmxn.com/berlin-9f2c7/page?q=zx81&x=1",
        "qvwzkrtplmxn.com/berlin-9f2c7/page?q=zx81",
        "https://qvwzkrtplmxn.com/berlin-9f2c7/page",
        "https://qvwzkrtplmxn.com/berlin-9f2c7/page/",
        "origin https://qvwzkrtplmxn.com/berlin-9f2c7/page and more",
    ] {
        let seen = sightings(&mut detector, &post(form.as_bytes()));
        assert_eq!(seen.len(), 1, "{form}");
    }
}

#[test]
fn a_near_miss_is_no_sighting() {
    let mut detector = detector(&[URL, EMAIL, ("phone-1", "phone", "+4915194636692")]);
    for near in [
        "https://qvwzkrtplmxn.com/berlin-9f2c8/page?q=zx81",
        "https://qvwzkrtplmxn.com/berlin-9f2c7/page?q=zx82",
        "https://qvwzkrtplmxm.com/berlin-9f2c7/page?q=zx81",
        "https://qvwzkrtplmxn.com/berlin-9f2c7/pages",
        "https://qvwzkrtplmxn.com/",
        "Zoe.Fink61@sallo-post.example",
        "+4915194636592 004915194636691 4815194636692 115194636692 49151946366921",
        // SHA-256 of the mail address in small letters, last digit changed.
        "67fdd5777a5aa5afaac55a45d6573ca5d1cf59700011c7d4979d0480d9b6e121",
    ] {
        let seen = sightings(&mut detector, &post(near.as_bytes()));
        assert_eq!(lines(&seen), "", "{near}");
    }
}

#[test]
fn digests_are_seen_in_hex_base64_and_as_bytes() {
    let body = br#"{"a":"67fdd5777a5aa5afaac55a45d6573ca5d1cf59700011c7d4979d0480d9b6e120","b":"3208C43F582BBC0F34791ECC667A7953","c":["/Pv4qb1luQTMvESFK+pmuqhslvg=","v=NiZiv90BnAmse-Z3waC-2st-t5FaFt2tWoHkFaVmtlQ;"],"d":"377a68210ef82cd3e88fea57d027d2f3d7d1e33cad71e26ffe63239b1f6f22cd"}"#;
    let seen = sightings(&mut detector(&[EMAIL]), &post(body));
    let guises: Vec<String> = seen.iter().map(|sighting| sighting.guise.to_string()).collect();
    assert_eq!(guises, ["sha256(lower)", "md5", "sha1(lower)", "sha256", "sha256(sha256(lower))"]);
    assert!(seen.iter().all(|sighting| sighting.canary.as_deref() == Some("mail-1") && !sighting.weak));
}

#[test]
fn a_phone_number_is_seen_however_it_is_written() {
    let mut detector = detector(&[("phone-1", "phone", "+49 151 94636692")]);
    for form in ["+4915194636692", "4915194636692", "004915194636692", "015194636692", "+49 151 94636692"] {
        let seen = sightings(&mut detector, &post(format!("phone: {form};").as_bytes()));
        assert_eq!(seen.len(), 1, "{form}");
    }
}

#[test]
fn a_signature_of_a_form_gives_the_visited_host_away() {
    let mut detector = detector(&[URL, ("host-1", "visited-host", "qvwzkrtplmxn.com")]);
    detector.page(&Page {
        trial: 0,
        at: Time::default(),
        url: "https://qvwzkrtplmxn.com/a/b?c=d".into(),
        title: String::new(),
        forms: vec![PageForm {
            name: "signup".into(),
            fields: vec!["email".into(), "fullname".into(), "phone12345".into()],
        }],
        resources: vec![],
    });
    let url = "https://content-autofill.googleapis.com/v1/pages/Chc2LjEuMTcxNS4xNDQyL2VuIChHR0xMKRIeCX-STNrbvWFiEgUNK48vHBIFDcyROi8SBQ2-p_JR?alt=proto";
    expect![[r#"
        visited-host host-1 sha1-prefix8(autofill form signature): url ▸ path 3 ▸ base64url ▸ protobuf 2.1 = 6261bddbda4c927f
    "#]].assert_eq(&lines(&sightings(&mut detector, &request("GET", url, &[], b""))));
    let elsewhere = url.replace("content-autofill", "autofill-content");
    expect![""].assert_eq(&lines(&sightings(&mut detector, &request("GET", &elsewhere, &[], b""))));
}
