use std::{fs, path::Path};

use serde_json::Value;

use crate::{Ran, candor, corpus};

fn path(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

fn analyze(capture: &str, more: &[&str]) -> Ran {
    let folder = corpus(capture);
    let (har, truth) = (folder.join("capture.har"), folder.join("truth.json"));
    candor(&[&["analyze", path(&har), "--canaries", path(&truth)], more].concat(), b"")
}

fn json(ran: &Ran) -> Value {
    serde_json::from_slice(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.said))
}

/// Canary, position of the request, and trail of each sighting.
fn sightings(report: &Value) -> Vec<String> {
    let all = report["sightings"].as_array().expect("the report lists sightings");
    all.iter().map(|one| format!("{} {} {}", one["canary"], one["exchange"], one["trail"])).collect()
}

/// Writes files into a folder of their own.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for (name, content) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().expect("it has one")).expect("a folder");
        fs::write(file, content).expect("a file");
    }
    folder
}

const HAR: &str = r#"{"log":{"entries":[{"request":{"method":"GET","url":"https://a.example/?q=1"}}]}}"#;

#[test]
fn what_left_is_reported_with_its_trail() {
    let ran = analyze("sa-python.batch", &["--format", "json"]);
    assert_eq!(ran.status, Some(1), "{}", ran.said);
    let sightings = sightings(&json(&ran));
    let url = sightings.iter().find(|one| one.starts_with("\"page_url\"")).expect("the address left");
    assert!(url.contains("body ▸ form") && url.contains("base64 ▸ gzip ▸ json"), "{url}");
}

#[test]
fn every_format_of_report_can_be_asked_for_and_names_what_left() {
    for format in ["text", "json", "sarif", "csv", "html", "markdown"] {
        let ran = analyze("honeycomb-python", &["--format", format, "--exit-zero"]);
        assert_eq!(ran.status, Some(0), "{format}: {}", ran.said);
        assert!(ran.text().contains("honeycomb"), "{format}: {}", ran.text());
    }
}

#[test]
fn a_table_has_a_row_for_each_sighting_and_as_many_fields_in_each() {
    let report = json(&analyze("sa-python.batch", &["--format", "json", "--exit-zero"]));
    let ran = analyze("sa-python.batch", &["--format", "csv", "--exit-zero"]);
    let text = ran.text();
    let mut quoted = false;
    let rows = text.bytes().filter(|byte| {
        quoted ^= *byte == b'"';
        *byte == b'\n' && !quoted
    });
    assert_eq!(rows.count(), 1 + report["sightings"].as_array().map_or(0, Vec::len));
    assert!(text.starts_with("id,capture,exchange,"), "{text}");
    assert!(text.contains("gzip"), "{text}");
}

#[test]
fn a_page_is_whole_and_loads_nothing() {
    let page = analyze("sa-python.batch", &["--format", "html", "--exit-zero"]).text();
    let lower = page.to_lowercase();
    assert!(lower.trim_start().starts_with("<!doctype html>") && lower.trim_end().ends_with("</html>"));
    assert!(!lower.contains("<script") && !lower.contains("src=\"http") && !lower.contains("@import"));
    assert!(page.contains("sa-ingest-py.example"));
}

#[test]
fn shapes_are_reported_only_where_they_are_asked_for() {
    let har = HAR.replace("q=1", "contact=jo.doe%40mail.example&iban=DE89370400440532013000");
    let folder = folder(&[("a.har", har.as_bytes())]);
    let har = folder.path().join("a.har");
    let kinds = |more: &[&str]| -> Vec<String> {
        let ran = candor(&[&["analyze", path(&har), "--format", "json"], more].concat(), b"");
        let report = json(&ran);
        let all = report["sightings"].as_array().expect("sightings");
        all.iter().map(|one| format!("{} {}", one["how"], one["kind"])).collect()
    };
    assert_eq!(kinds(&[]), [""; 0]);
    assert_eq!(kinds(&["--patterns"]), ["\"pattern\" \"email\"", "\"pattern\" \"bank-account\""]);
}

#[test]
fn a_har_and_the_flows_it_was_made_of_show_the_same() {
    let folder = corpus("sa-sdk-web");
    let [har, flows, truth] = ["capture.har", "capture.mitm", "truth.json"].map(|name| folder.join(name));
    let of = |capture: &Path| {
        sightings(&json(&candor(&["analyze", path(capture), "--canaries", path(&truth), "--format", "json"], b"")))
    };
    let mut all = [of(&har), of(&flows)];
    all.iter_mut().for_each(|all| all.sort());
    assert!(!all[0].is_empty());
    assert_eq!(all[0], all[1]);
}

#[test]
fn many_threads_write_the_same_bytes_as_one() {
    let gauntlet = corpus("");
    let truth = corpus("posthog-web").join("truth.json");
    let of = |jobs: &str| {
        candor(&["analyze", path(&gauntlet), "--canaries", path(&truth), "--format", "json", "--jobs", jobs], b"")
    };
    let (one, many) = (of("1"), of("4"));
    assert_eq!(json(&one)["captures"].as_array().map(Vec::len), Some(24), "{}", one.said);
    assert!(one.out == many.out && one.status == many.status);
}

#[test]
fn a_file_that_is_no_capture_ends_in_one_sentence() {
    let folder = folder(&[
        ("empty.har", b""),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0"),
        ("truth.json", b"{\"canaries\": []}"),
        ("notes.txt", b"nothing here"),
        ("packets.pcapng", b"\x0a\x0d\x0d\x0a\0\0\0\0"),
        ("broken.har", b"{\"log\": {"),
        ("old.mitm", b"14:7:version;1:6#}"),
    ]);
    for (file, says) in [
        ("empty.har", "is empty"),
        ("picture.png", "is not a capture"),
        ("truth.json", "has no `log.entries`"),
        ("notes.txt", "is no format that is known"),
        ("packets.pcapng", "is broken at its first block"),
        ("broken.har", "ends before `log.entries`"),
        ("old.mitm", "mitmproxy before 5"),
        ("missing.har", "there is no file"),
    ] {
        let ran = candor(&["analyze", path(&folder.path().join(file))], b"");
        assert_eq!(ran.status, Some(2), "{file}: {}", ran.said);
        assert!(ran.said.contains(says) && ran.said.lines().count() == 1, "{file}: {}", ran.said);
        assert!(ran.out.is_empty());
    }
}

#[test]
fn a_capture_that_is_there_twice_counts_once_and_standard_input_is_one() {
    let other = HAR.replace("q=1", "q=2");
    let folder = folder(&[("a.har", HAR.as_bytes()), ("b.har", HAR.as_bytes()), ("c.har", other.as_bytes())]);
    let ran = candor(&["analyze", path(folder.path()), "--format", "json"], b"");
    let report = json(&ran);
    assert_eq!(report["coverage"]["exchanges"].as_u64(), Some(2), "{}", ran.said);
    assert!(ran.said.contains("b.har is the same as"), "{}", ran.said);
    let piped = candor(&["analyze", "-", "--format", "json"], HAR.as_bytes());
    assert_eq!(json(&piped)["captures"][0]["source"], "standard input", "{}", piped.said);
    assert_eq!(json(&piped)["coverage"]["exchanges"].as_u64(), Some(1));
}

/// A capture of packets with four connections of TLS, and the log of its secrets.
fn packets() -> (Vec<u8>, Vec<u8>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/formats/tests/packets");
    let read = |name: &str| fs::read(folder.join(name)).expect("the capture is there");
    (read("cbc.pcap"), read("cbc.pcap.keys"))
}

#[test]
fn packets_are_opened_by_secrets_beside_them_or_named() {
    let (capture, secrets) = packets();
    let folder = folder(&[("a.pcap", &capture), ("elsewhere/secrets", &secrets), ("b.har", HAR.as_bytes())]);
    let (file, named) = (folder.path().join("a.pcap"), folder.path().join("elsewhere/secrets"));
    let sealed = candor(&["analyze", path(&file), "--format", "json"], b"");
    assert_eq!((sealed.status, json(&sealed)["coverage"]["sealed"].as_u64()), (Some(3), Some(4)), "{}", sealed.said);
    let keys = candor(&["analyze", path(&file), "--keys", path(&named), "--format", "json"], b"");
    assert_eq!((keys.status, json(&keys)["coverage"]["sealed"].as_u64()), (Some(0), Some(0)), "{}", keys.text());
    // In a folder the log is not a file that nobody read.
    fs::write(folder.path().join("a.keys"), &secrets).expect("a file");
    let beside = candor(&["analyze", path(folder.path()), "--format", "json"], b"");
    assert_eq!((beside.status, json(&beside)["coverage"]["sealed"].as_u64()), (Some(0), Some(0)), "{}", beside.text());
    let refused = candor(&["analyze", path(&file), "--keys", path(&file)], b"");
    assert_eq!(refused.status, Some(2), "{}", refused.said);
    assert!(refused.said.contains("no log of TLS secrets"), "{}", refused.said);
}

#[test]
fn a_cut_capture_is_read_as_far_as_it_goes() {
    let entry = |name: &str| format!(r#"{{"request":{{"method":"GET","url":"https://a.example/{name}"}}}}"#);
    let whole = format!(r#"{{"log":{{"entries":[{},{},{}]}}}}"#, entry("one"), entry("two"), entry("three"));
    let folder = folder(&[("cut.har", &whole.as_bytes()[..whole.len() - 20])]);
    let ran = candor(&["analyze", path(&folder.path().join("cut.har")), "--format", "json"], b"");
    assert_eq!(ran.status, Some(3), "{}", ran.said);
    let report = json(&ran);
    assert!(report["coverage"]["read"].as_u64() > Some(1));
    assert!(report["gaps"].as_array().expect("gaps").iter().any(|gap| gap["why"] == "cut"));
}

#[test]
fn a_clean_capture_is_clean_and_an_empty_one_says_too_little() {
    let folder = folder(&[("clean.har", HAR.as_bytes()), ("none.har", br#"{"log":{"entries":[]}}"#)]);
    let of = |name: &str| candor(&["analyze", path(&folder.path().join(name))], b"");
    assert_eq!(of("clean.har").status, Some(0), "{}", of("clean.har").said);
    assert_eq!(of("none.har").status, Some(3));
}

#[test]
fn a_folder_stands_for_the_captures_in_it_and_what_is_none_is_said() {
    let canaries = br#"{"canaries": [{"id": "m", "kind": "email", "value": "planted.person.zq81@example.net"}]}"#;
    let folder = folder(&[
        ("b/late.har", HAR.replace("q=1", "q=2").as_bytes()),
        ("a.har", HAR.as_bytes()),
        (".hidden.har", HAR.as_bytes()),
        ("canaries.json", canaries),
    ]);
    let canaries = folder.path().join("canaries.json");
    let ran = candor(&["analyze", path(folder.path()), "--canaries", path(&canaries), "--format", "json"], b"");
    assert_eq!(ran.status, Some(0), "{}", ran.said);
    let report = json(&ran);
    let names: Vec<&str> =
        report["captures"].as_array().expect("captures").iter().filter_map(|one| one["source"].as_str()).collect();
    assert_eq!(names, ["a.har", "late.har"]);
    for (name, bytes) in [
        ("b.pcap", &b"\xd4\xc3\xb2\xa1\x02\0\x04\0"[..]),
        ("c.zip", b"PK\x03\x04\x14\0\0\0\x08\0"),
        ("d.xz", b"\xfd7zXZ\0\0\x04"),
        ("notes.txt", b"not a capture"),
        ("empty.har", b""),
    ] {
        fs::write(folder.path().join(name), bytes).expect("a file");
        for format in ["json", "text", "html"] {
            let ran = candor(&["analyze", path(folder.path()), "--canaries", path(&canaries), "--format", format], b"");
            assert_eq!(ran.status, Some(3), "{name}: {}", ran.said);
            assert!(ran.text().contains(name), "{name} in {format}: {}", ran.text());
        }
        fs::remove_file(folder.path().join(name)).expect("it was there");
    }
}

#[test]
fn a_body_that_nothing_opens_is_named_and_not_read() {
    let noise = "dGMFEAAAdR274scY/AOjZGNc7ozdsg47vlsYpOJ+MHtEXLeZ1QuHHzrgp2lra51WKskWqVX0nzkxbAckLttg/OBg5kJPoNr4OLM5jIFE2ffveMr+X/DOxDUP1zA6FeESFsUYmFwdv/MBZN7qAeNLmmebjuVe/lLR9CoL2OOpOOLKxBqLNY6bN2CJlGr28JtmewxeUrwMze6PZsZu5td1D+m/CeWwyG54Lw9mfp/Wx/gOTcWfmaRDacQgU3zexq8K";
    let post = |data: String| {
        format!(
            r#"{{"log":{{"entries":[{{"request":{{"method":"POST","url":"https://log.tracker.example/r","postData":{data}}}}}]}}}}"#
        )
    };
    for data in [
        format!(r#"{{"text":"{noise}","encoding":"base64"}}"#),
        format!(r#"{{"text":"{noise}"}}"#),
        format!(r#"{{"text":"v=1&d={}"}}"#, noise.replace('+', "%2B").replace('/', "%2F")),
        format!(r#"{{"text":"{{\"v\":1,\"d\":\"{noise}\"}}"}}"#),
    ] {
        let folder = folder(&[("a.har", post(data.clone()).as_bytes())]);
        let har = folder.path().join("a.har");
        let ran = candor(&["analyze", path(&har), "--format", "json"], b"");
        assert_eq!(ran.status, Some(3), "{data}: {}", ran.said);
        let report = json(&ran);
        let gap = &report["gaps"][0];
        assert!(gap["says"].as_str().is_some_and(|says| says.contains("log.tracker.example")), "{gap}");
        let (bytes, read) = (report["coverage"]["bytes"].as_u64(), report["coverage"]["bytes_read"].as_u64());
        assert!(bytes.zip(read).is_some_and(|(bytes, read)| bytes - read >= 190), "{}", report["coverage"]);
        let text = candor(&["analyze", path(&har)], b"").text();
        assert!(text.contains("log.tracker.example, request 1") && !text.contains("100.0"), "{text}");
    }
}

#[test]
fn a_kind_that_nobody_knows_is_refused_with_the_nearest() {
    for (kind, nearest) in [("visited-ulr", "visited-url"), ("e-mial", "e-mail"), ("phone_numbr", "phone-number")] {
        let named =
            format!(r#"{{"canaries": [{{"id": "a", "kind": "{kind}", "value": "planted.person.zq81@example.net"}}]}}"#);
        let folder = folder(&[("c.json", named.as_bytes()), ("a.har", HAR.as_bytes())]);
        let (canaries, har) = (folder.path().join("c.json"), folder.path().join("a.har"));
        let ran = candor(&["analyze", path(&har), "--canaries", path(&canaries)], b"");
        assert_eq!(ran.status, Some(2), "{}", ran.said);
        assert!(ran.said.contains(&format!("`{nearest}`")), "{}", ran.said);
    }
}

#[test]
fn the_report_names_the_program_and_how_little_was_looked_for() {
    let body = r#"{\"identity_id\": \"1390000000000000081\"}"#;
    let har = format!(
        r#"{{"log":{{"entries":[{{"request":{{"method":"POST","url":"https://api2.branch.io/v1/open","postData":{{"text":"{body}"}}}}}}]}}}}"#
    );
    let folder = folder(&[("branch.har", har.as_bytes()), ("none.har", HAR.as_bytes())]);
    let of = |name: &str, format: &str| {
        candor(&["analyze", path(&folder.path().join(name)), "--format", format], b"").text()
    };
    assert!(of("branch.har", "text").contains("by the Branch SDK"), "{}", of("branch.har", "text"));
    for format in ["json", "csv", "markdown", "html"] {
        assert!(of("branch.har", format).contains("Branch"), "{format}");
    }
    assert!(of("none.har", "text").contains("Little was looked for"));
    assert!(!of("branch.har", "text").contains("Little was looked for"));
}

#[test]
fn values_that_differ_are_counted_and_an_id_that_changes_is_none_that_stays() {
    let entry = |i: u32| {
        format!(
            r#"{{"request":{{"method":"GET","url":"https://www.google-analytics.com/collect?tid=1&cid={i}.{i}&dl=https%3A%2F%2Fshop.example%2Fitem{i}"}}}}"#
        )
    };
    let har = format!(r#"{{"log":{{"entries":[{},{},{}]}}}}"#, entry(1), entry(2), entry(3));
    let folder = folder(&[("a.har", har.as_bytes())]);
    let text = candor(&["analyze", path(&folder.path().join("a.har"))], b"").text();
    assert!(text.contains("3 values, first https://shop.example/item1"), "{text}");
    assert!(!text.contains("persistent-id-sent"), "{text}");
}

#[test]
fn one_bad_file_does_not_keep_the_others_from_being_read() {
    let folder = folder(&[("good.har", HAR.as_bytes()), ("bad.har", b"no")]);
    let (good, bad) = (folder.path().join("good.har"), folder.path().join("bad.har"));
    let ran = candor(&["analyze", path(&bad), path(&good), "--format", "json"], b"");
    assert_eq!(ran.status, Some(2));
    assert!(ran.said.contains("bad.har is not a capture"), "{}", ran.said);
    assert_eq!(json(&ran)["coverage"]["read"], 1);
}

#[test]
fn canaries_are_named_in_toml_too_and_poor_ones_refused() {
    let named = "[[canary]]\nid = \"word\"\nkind = \"search\"\nvalue = \"abc\"\n\n\
                 [[canary]]\nid = \"host\"\nkind = \"visited_host\"\nvalue = \"qvwzkrtplmxn.example\"\n";
    let har = HAR.replace("a.example/?q=1", "b.example/?u=qvwzkrtplmxn.example");
    let folder = folder(&[("c.toml", named.as_bytes()), ("a.har", har.as_bytes())]);
    let (canaries, har) = (folder.path().join("c.toml"), folder.path().join("a.har"));
    let ran = candor(&["analyze", path(&har), "--canaries", path(&canaries), "--format", "json"], b"");
    assert!(ran.said.contains("canary `word`"), "{}", ran.said);
    assert_eq!(sightings(&json(&ran)).len(), 1);
}
