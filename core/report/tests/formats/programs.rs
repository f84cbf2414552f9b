//! What programs are told: JSON, SARIF, CSV.

use expect_test::expect;
use serde_json::Value;

use crate::{reporting, small};

#[test]
fn json_says_what_the_contract_says_and_in_its_order() {
    expect![[r#"
        {
          "candor": 1,
          "version": "0.1.0",
          "simulation": false,
          "captures": [
            {"source": "small.candor", "format": "candor", "exchanges": 3, "sha256": "abababababababababababababababababababababababababababababababab"}
          ],
          "sightings": [
            {"id": "s1", "capture": 0, "exchange": 1, "kind": "visited-url", "canary": "url-1", "guise": "plain", "how": "canary", "method": "POST", "url": "https://sa.example/sa?project=p", "host": "sa.example", "trail": "body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[0].properties.url", "value": "https://qwertzuiopas.com/a?b=c", "phase": "private visit 1", "side": "extension"}
          ],
          "findings": [
            {"code": "visited-url-sent", "severity": "high", "destination": "d2", "phases": ["private visit 1"], "sightings": ["s1"], "says": "sa.example was sent the address of a page visited, once", "disclosed": null}
          ],
          "destinations": [
            {"id": "d1", "host": "qwertzuiopas.com", "site": "qwertzuiopas.com", "owner": null, "seat": null, "hosted": null, "purpose": "visited", "because": "a honey site: Candor served it"},
            {"id": "d2", "host": "sa.example", "site": "sa.example", "owner": "Example", "seat": "CN", "hosted": {"country": "SG", "asn": 45102, "network": "Example Cloud"}, "purpose": "telemetry", "because": "its collector"},
            {"id": "d3", "host": "pinned.example", "site": "pinned.example", "owner": null, "seat": null, "hosted": null, "purpose": "unknown", "because": "nobody we know of is on record for this host"}
          ],
          "promises": [
            {"id": "private", "quote": "A promise that is broken.", "verdict": "broken", "because": "sa.example was sent the address of a page visited in 1 of 2 acts.", "evidence": ["s1"], "visits": 2, "told": 1, "installs": 2, "bound": null, "bound_of_installs": null, "requests": [], "class": "promise", "sentence": "A promise that is broken.", "tested": "nothing is sent", "source": {"name": "A notice", "address": "https://maker.example/notice", "date": "2020-05-04", "archive": null, "article": null, "valid": null}},
            {"id": "kept", "quote": "A promise that is kept.", "verdict": "kept", "because": "nothing of the kind was seen in 30 visits over 2 fresh installs.", "evidence": [], "visits": 30, "told": 0, "installs": 2, "bound": 0.095, "bound_of_installs": 0.451, "requests": [], "class": "promise", "sentence": "A promise that is kept.", "tested": "nothing is sent", "source": {"name": "A notice", "address": "https://maker.example/notice", "date": "2020-05-04", "archive": null, "article": null, "valid": null}},
            {"id": "unclear", "quote": "A promise that is unclear.", "verdict": "unclear", "because": "too few: nothing was seen in 2 visits over 1 fresh install.", "evidence": [], "visits": 2, "told": 0, "installs": 2, "bound": null, "bound_of_installs": null, "requests": [], "class": "promise", "sentence": "A promise that is unclear.", "tested": "nothing is sent", "source": {"name": "A notice", "address": "https://maker.example/notice", "date": "2020-05-04", "archive": null, "article": null, "valid": null}},
            {"id": "untested", "quote": "A promise that is untested.", "verdict": "untested", "because": "nothing was searched for.", "evidence": [], "visits": 2, "told": 0, "installs": 2, "bound": null, "bound_of_installs": null, "requests": [], "class": "promise", "sentence": "A promise that is untested.", "tested": "nothing is sent", "source": {"name": "A notice", "address": "https://maker.example/notice", "date": "2020-05-04", "archive": null, "article": null, "valid": null}},
            {"id": "expected", "quote": null, "verdict": "not-met", "because": "sa.example was sent the address of a page visited in 1 of 2 acts.", "evidence": ["s1"], "visits": 2, "told": 0, "installs": 2, "bound": null, "bound_of_installs": null, "requests": [], "class": "expectation", "sentence": "What is expected not met.", "tested": "nothing is sent", "source": {"name": "A notice", "address": "https://maker.example/notice", "date": "2020-05-04", "archive": null, "article": null, "valid": null}},
            {"id": "silent", "quote": null, "verdict": "vacuous", "because": "nothing was reported.", "evidence": [], "visits": 2, "told": 0, "installs": 2, "bound": null, "bound_of_installs": null, "requests": [], "class": "expectation", "sentence": "What is expected vacuous.", "tested": "nothing is sent", "source": {"name": "A notice", "address": "https://maker.example/notice", "date": "2020-05-04", "archive": null, "article": null, "valid": null}},
            {"id": "asked", "quote": null, "verdict": "for-an-authority", "because": "nothing was turned off.", "evidence": [], "visits": 2, "told": 0, "installs": 2, "bound": null, "bound_of_installs": null, "requests": [], "class": "law", "sentence": "What is asked for an authority.", "tested": "nothing is sent", "source": {"name": "A notice", "address": "https://maker.example/notice", "date": "2020-05-04", "archive": null, "article": "Art. 1", "valid": null}}
          ],
          "gaps": [
            {"capture": 0, "exchange": 2, "where": "connection", "why": "sealed", "says": "the client refused our certificate"}
          ],
          "coverage": {"exchanges": 3, "read": 2, "sealed": 1, "bytes": 2680, "bytes_read": 680},
          "seats": [
            {"country": "CN", "owners": ["Example"], "requests": 1, "sightings": 1},
            {"country": null, "owners": ["pinned.example"], "requests": 1, "sightings": 0}
          ]
        }
    "#]].assert_eq(&report::json(&small::audit()));
}

#[test]
fn every_key_that_is_documented_is_there() {
    let report: Value = serde_json::from_str(&report::json(&small::audit())).unwrap();
    for (list, keys) in [
        ("captures", "source format exchanges sha256"),
        ("sightings", "id capture exchange kind canary guise how method url host trail value phase side"),
        ("findings", "code severity destination phases sightings says disclosed"),
        ("destinations", "id host site owner seat hosted purpose because"),
        (
            "promises",
            "id quote verdict because evidence visits told installs bound bound_of_installs requests class sentence tested source",
        ),
        ("gaps", "capture exchange where why says"),
    ] {
        for member in report[list].as_array().unwrap() {
            let have: Vec<&str> = member.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(have, keys.split(' ').collect::<Vec<&str>>(), "{list}");
        }
    }
    let hosted: Vec<&String> = report["destinations"][1]["hosted"].as_object().unwrap().keys().collect();
    assert_eq!(hosted, ["country", "asn", "network"]);
    let coverage: Vec<&String> = report["coverage"].as_object().unwrap().keys().collect();
    assert_eq!(coverage, ["exchanges", "read", "sealed", "bytes", "bytes_read"]);
    assert_eq!(report["candor"], 1);
}

#[test]
fn ids_lead_to_what_they_name() {
    let report: Value = serde_json::from_str(&report::json(reporting::audit())).unwrap();
    let has = |list: &str, id: &Value| report[list].as_array().unwrap().iter().any(|member| member["id"] == *id);
    for finding in report["findings"].as_array().unwrap() {
        assert!(has("destinations", &finding["destination"]));
        assert!(finding["sightings"].as_array().unwrap().iter().all(|id| has("sightings", id)));
    }
    for promise in report["promises"].as_array().unwrap() {
        assert!(promise["evidence"].as_array().unwrap().iter().all(|id| has("sightings", id)));
    }
}

#[test]
fn the_same_audit_gives_the_same_bytes_in_every_format() {
    for format in report::FORMATS {
        assert_eq!((format.render)(reporting::audit()), (format.render)(&reporting::made()), "{}", format.name);
        assert!(!(format.render)(&small::audit()).is_empty(), "{}", format.name);
    }
}

#[test]
fn an_empty_audit_is_a_report_too() {
    for format in report::FORMATS {
        assert!(!(format.render)(&audit::Audit::default()).is_empty(), "{}", format.name);
    }
}

#[test]
fn csv_has_a_row_a_sighting() {
    expect![[r#"
        id,capture,exchange,time,trial,phase,kind,canary,guise,how,side,finding,method,url,host,owner,seat,purpose,trail,value,verdict,sentence,class,source,because,disclosed,schema,simulation
        s1,0,1,2020-05-04T01:30:03.500Z,1,private visit 1,visited-url,url-1,plain,canary,extension,yes,POST,https://sa.example/sa?project=p,sa.example,Example,CN,telemetry,body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[0].properties.url,https://qwertzuiopas.com/a?b=c,,,,,,,,no
        v1,,,,,,,,,,,,,,,,,,,,broken,“A promise that is broken.”,promise,"A notice, 2020-05-04, https://maker.example/notice",sa.example was sent the address of a page visited in 1 of 2 acts.,,,no
        v2,,,,,,,,,,,,,,,,,,,,kept,“A promise that is kept.”,promise,"A notice, 2020-05-04, https://maker.example/notice",nothing of the kind was seen in 30 visits over 2 fresh installs.,,,no
        v3,,,,,,,,,,,,,,,,,,,,unclear,“A promise that is unclear.”,promise,"A notice, 2020-05-04, https://maker.example/notice",too few: nothing was seen in 2 visits over 1 fresh install.,,,no
        v4,,,,,,,,,,,,,,,,,,,,untested,“A promise that is untested.”,promise,"A notice, 2020-05-04, https://maker.example/notice",nothing was searched for.,,,no
        v5,,,,,,,,,,,,,,,,,,,,not-met,What is expected not met.,expectation,"A notice, 2020-05-04, https://maker.example/notice",sa.example was sent the address of a page visited in 1 of 2 acts.,,,no
        v6,,,,,,,,,,,,,,,,,,,,vacuous,What is expected vacuous.,expectation,"A notice, 2020-05-04, https://maker.example/notice",nothing was reported.,,,no
        v7,,,,,,,,,,,,,,,,,,,,for-an-authority,What is asked for an authority.,law,"Art. 1, A notice, 2020-05-04, https://maker.example/notice",nothing was turned off.,,,no
    "#]].assert_eq(&report::csv(&small::audit()).replace("\r\n", "\n"));
}

#[test]
fn sarif_names_rules_results_and_places() {
    let log: Value = serde_json::from_str(&report::sarif(&small::audit())).unwrap();
    let run = &log["runs"][0];
    assert_eq!(log["version"], "2.1.0");
    let rules: Vec<&Value> =
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| &rule["id"]).collect();
    for result in run["results"].as_array().unwrap() {
        assert!(rules.contains(&&result["ruleId"]), "a result's rule is listed");
        assert!(!result["locations"].as_array().unwrap().is_empty(), "code scanning wants a place");
        // §3.27.10: only a failure has a level.
        assert_eq!(result["kind"] != "fail", result["level"] == "none");
    }
    expect![[r#"
        {
          "ruleId": "visited-url-sent",
          "kind": "fail",
          "level": "error",
          "message": {
            "text": "sa.example was sent the address of a page visited, once"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "small.candor",
                  "index": 0
                }
              },
              "logicalLocations": [
                {
                  "fullyQualifiedName": "exchange 1 ▸ body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[0].properties.url",
                  "kind": "member"
                }
              ],
              "message": {
                "text": "visited-url as plain in body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[*].properties.url, 1×"
              }
            }
          ],
          "partialFingerprints": {
            "candor/v1": "visited-url-sent@sa.example"
          },
          "properties": {
            "severity": "high",
            "host": "sa.example",
            "owner": "Example",
            "seat": "CN",
            "phases": [
              "private visit 1"
            ],
            "sightings": 1,
            "disclosed": null
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&run["results"][0]).unwrap());
    let kinds: Vec<String> =
        run["results"].as_array().unwrap().iter().map(|result| result["kind"].to_string()).collect();
    expect![[r#""fail" "fail" "pass" "open" "open" "fail" "notApplicable" "review""#]].assert_eq(&kinds.join(" "));
}
