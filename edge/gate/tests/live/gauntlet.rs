//! Real SDKs' captures as live traffic through proxy and gate.
//!
//! Takes those in `corpus/gauntlet`, and those in `$CANDOR_GAUNTLET`, or else
//! beside the workspace, if there are any.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use guard::{Choices, UnreadChoice, UnreadChoices};
use model::{Exchange, Kind, Mode, Record, Request};
use serde_json::Value;

use crate::{
    client::{fields, send},
    stand::{Everywhere, Stand, knowledge},
};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Passed,
    Absorbed,
    Cut,
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_strict_has_every_readable_canary_and_every_known_field_stopped_live() {
    let server = Everywhere::start();
    let strict = Choices { strict: true, ..Choices::default() };
    let (mut wrong, mut counts) = (Vec::new(), [0_usize; 2]);
    for capture in captures() {
        let (truth, requests) = (truth(&capture), requests(&capture));
        let stand = Stand::start(&server, Mode::Normal, &strict, &values(&truth));
        for (index, request) in requests.iter().enumerate() {
            let carries = is_readable(&truth, index);
            let fate = fate(&stand, &server, request).await;
            let known = fate == Fate::Absorbed && stand.knew_its_format();
            if !known && fate != if carries { Fate::Absorbed } else { Fate::Passed } {
                wrong.push(format!("{} {index}: {fate:?}", name(&capture)));
            }
            counts[usize::from(fate == Fate::Absorbed)] += 1;
        }
    }
    let [without, with] = counts;
    eprintln!("{with} requests absorbed, {without} passed, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(with > 0 && without > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_follows_its_own_choice_live() {
    let server = Everywhere::start();
    let mut unreadable = 0;
    for capture in captures() {
        let truth = truth(&capture);
        if !truth["canaries"].as_array().unwrap().iter().any(|canary| canary["recoverable"] == false) {
            continue;
        }
        let (requests, before) = (requests(&capture), unreadable);
        for (choice, expected) in [
            (UnreadChoice::Pass, Fate::Passed),
            (UnreadChoice::Absorb, Fate::Absorbed),
            (UnreadChoice::Refuse, Fate::Cut),
        ] {
            let unread = UnreadChoices { normal: choice, private: choice };
            let choices = Choices { strict: true, unread, ..Choices::default() };
            let stand = Stand::start(&server, Mode::Normal, &choices, &values(&truth));
            for (index, request) in requests.iter().enumerate() {
                let fate = fate(&stand, &server, request).await;
                let sealed = occurs(&truth, index, |canary| canary["recoverable"] == false);
                if sealed && !is_readable(&truth, index) {
                    unreadable += 1;
                    assert_eq!(fate, expected, "{} {index}", name(&capture));
                }
            }
        }
        assert!(unreadable > before, "{}", name(&capture));
    }
    eprintln!("{unreadable} decisions about requests that cannot be read");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_everything_on_every_byte_passes_unchanged() {
    let server = Everywhere::start();
    let mut choices = Choices { strict: true, security: true, ..Choices::default() };
    choices.unread = UnreadChoices { normal: UnreadChoice::Refuse, private: UnreadChoice::Refuse };
    for kind in knowledge().kinds.all() {
        choices.table.turn(&Kind::new(&kind.id), Mode::Unknown, true);
    }
    let mut count = 0;
    for capture in captures() {
        let stand = Stand::start(&server, Mode::Normal, &choices, &values(&truth(&capture)));
        for (index, request) in requests(&capture).iter().enumerate() {
            send(stand.address, request).await;
            let got = server.got();
            let place = format!("{} {index}", name(&capture));
            assert_eq!(got.len(), 1, "{place}");
            // The server is asked as a server: whose name it is asked by stands in `Host`.
            assert_eq!(got[0].claimed_host(), Some(request.host()), "{place}");
            assert_eq!(path(&got[0].url), path(&request.url), "{place}");
            assert_eq!(fields(&got[0]), fields(request), "{place}");
            assert!(got[0].body == request.body, "{place}: the body");
            count += 1;
        }
    }
    eprintln!("{count} requests passed unchanged");
    assert!(count > 0);
}

fn path(url: &str) -> &str {
    url.splitn(4, '/').nth(3).unwrap_or_default()
}

async fn fate(stand: &Stand, server: &Everywhere, request: &Request) -> Fate {
    let answer = send(stand.address, request).await;
    let arrived = !server.got().is_empty();
    match (arrived, answer.starts_with(b"HTTP/1.1 2")) {
        (true, _) => Fate::Passed,
        (false, true) => Fate::Absorbed,
        (false, false) => Fate::Cut,
    }
}

fn values(truth: &Value) -> Vec<(&str, &str)> {
    let all = truth["canaries"].as_array().unwrap().iter().filter(|canary| canary["kind"] != "visited_host");
    all.map(|canary| (canary["kind"].as_str().unwrap(), canary["value"].as_str().unwrap())).collect()
}

/// Whether a canary can be read in a request without a key that is not there.
fn is_readable(truth: &Value, request: usize) -> bool {
    occurs(truth, request, |canary| canary["recoverable"] != false)
}

fn occurs(truth: &Value, request: usize, which: impl Fn(&Value) -> bool) -> bool {
    let all = truth["canaries"].as_array().unwrap().iter();
    let mut left = all.filter(|canary| canary["kind"] != "visited_host" && canary["left"] == true && which(canary));
    left.any(|canary| {
        canary["occurrences"].as_array().is_some_and(|all| all.iter().any(|one| one["request"] == request))
    })
}

fn truth(capture: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(capture.join("truth.json")).unwrap()).unwrap()
}

fn requests(capture: &Path) -> Vec<Request> {
    let mut all = Vec::new();
    let mut file = File::open(capture.join("capture.mitm")).unwrap();
    formats::read(&mut file, &mut |item| {
        if let formats::PieceItem::Record(Record::Exchange(exchange)) = item {
            let Exchange { request, .. } = *exchange;
            all.push(request);
        }
    })
    .unwrap();
    all
}

fn captures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let more = std::env::var_os("CANDOR_GAUNTLET").map_or(root.join("../shared/gauntlet"), PathBuf::from);
    let folders = [root.join("corpus/gauntlet"), more].into_iter().filter(|folder| folder.is_dir());
    let all = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    let mut all: Vec<PathBuf> = all.filter(|path| path.join("truth.json").exists()).collect();
    all.sort_by_key(|path| name(path));
    all.dedup_by_key(|path| name(path));
    assert!(!all.is_empty());
    all
}

fn name(capture: &Path) -> String {
    capture.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
