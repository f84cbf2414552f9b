//! Real SDKs' captures as live traffic: who is strict and entered the values
//! that are in them has each of them stopped, and what a format is known to
//! carry; nothing else.
//!
//! The captures are those of `corpus/gauntlet`, or of `$CANDOR_GAUNTLET`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test reads files and says what it skips"
)]

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use guard::{
    Choices, ClientIdentity, Decision, DecisionReason, DeviceMemory, EnteredValues, GuardAction, GuardClient,
    GuardTime, InspectionNeed, RequestContext, RequestScan, decide,
};
use knowledge::Knowledge;
use model::{Exchange, Kind, Mode, RecognitionMethod, Record};
use serde::Deserialize;

#[test]
fn who_is_strict_has_every_readable_canary_and_every_known_field_stopped_and_nothing_else() {
    let folder = folder();
    let knowledge = Arc::new(Knowledge::built_in());
    let strict = Choices { strict: true, ..Choices::default() };
    let open = all_on(&knowledge);
    let (mut wrong, mut counts) = (Vec::new(), [0_usize; 4]);
    for capture in captures(&folder) {
        let name = capture.file_name().unwrap().to_string_lossy().into_owned();
        let truth: Truth = serde_json::from_slice(&std::fs::read(capture.join("truth.json")).unwrap()).unwrap();
        let values = truth.canaries.iter().filter(|canary| canary.kind != "visited_host");
        let (entered, _) =
            EnteredValues::new(&knowledge, values.map(|canary| (canary.kind.as_str(), canary.value.as_str())));
        let mut client = GuardClient::new(Arc::clone(&knowledge), DeviceMemory::new(entered), Mode::Normal);
        for (index, exchange) in exchanges(&capture).iter().enumerate() {
            let decision = decided(&mut client, &knowledge, &strict, exchange);
            let carries = truth.canaries.iter().any(|canary| canary.is_readable_in(index));
            let right = match decision.verdict {
                GuardAction::Absorb => carries || is_of_its_format(&decision),
                GuardAction::Pass => !carries,
                GuardAction::Hold | GuardAction::Cut => false,
            };
            counts[usize::from(carries)] += 1;
            counts[2] += usize::from(decision.reason == DecisionReason::Unread);
            if !right {
                wrong.push(format!("{name} {index}: {:?} {}", decision.verdict, decision.reason.word()));
            }
            let passed = decided(&mut client, &knowledge, &open, exchange);
            counts[3] += usize::from(passed.verdict == GuardAction::Pass);
            assert_eq!(passed.verdict, GuardAction::Pass, "{name} {index} with everything on");
        }
    }
    let [without, with, unread, passed] = counts;
    eprintln!("{with} requests with a readable canary, {without} without, {unread} unread; all on: {passed} passed");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether it was stopped for what its format or the shape of a value shows, and for nothing that was entered.
fn is_of_its_format(decision: &Decision) -> bool {
    !decision.sightings.is_empty()
        && decision.sightings.iter().all(|sighting| sighting.how != RecognitionMethod::Canary)
}

fn decided(client: &mut GuardClient, knowledge: &Knowledge, choices: &Choices, exchange: &Exchange) -> Decision {
    let url = exchange.request.url.as_str();
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or("/");
    let aim = attribute::destination(&knowledge.owners, exchange.host(), path);
    let who = ClientIdentity::new("phone", Mode::Normal);
    let asking = RequestContext { who: &who, exchange, aim: &aim, whole: true, waited: 0 };
    let now = GuardTime::default();
    let looked = match client.wanted(&asking, choices, now) {
        InspectionNeed::Nothing => RequestScan::default(),
        InspectionNeed::Body => client.look(exchange),
    };
    decide(&asking, &looked, client, choices, now)
}

fn all_on(knowledge: &Knowledge) -> Choices {
    let mut choices = Choices { strict: true, security: true, ..Choices::default() };
    for kind in knowledge.kinds.all() {
        choices.table.turn(&Kind::new(&kind.id), Mode::Unknown, true);
    }
    choices
}

fn exchanges(capture: &Path) -> Vec<Exchange> {
    let mut all = Vec::new();
    let mut file = File::open(capture.join("capture.mitm")).unwrap();
    formats::read(&mut file, &mut |item| {
        if let formats::PieceItem::Record(Record::Exchange(mut exchange)) = item {
            // Live, a request is decided before there is an answer.
            exchange.response = None;
            all.push(*exchange);
        }
    })
    .unwrap();
    all
}

fn captures(folder: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = all.filter(|path| path.join("truth.json").exists()).collect();
    all.sort();
    all
}

fn folder() -> PathBuf {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/gauntlet");
    std::env::var_os("CANDOR_GAUNTLET").map_or(corpus, PathBuf::from)
}

#[derive(Deserialize)]
struct Truth {
    canaries: Vec<Planted>,
}

#[derive(Deserialize)]
struct Planted {
    kind: String,
    value: String,
    left: serde_json::Value,
    recoverable: Option<bool>,
    #[serde(default)]
    occurrences: Vec<Occurrence>,
}

#[derive(Deserialize)]
struct Occurrence {
    request: usize,
}

impl Planted {
    /// Whether it can be read in a request without a key that is not there.
    fn is_readable_in(&self, request: usize) -> bool {
        let readable = self.kind != "visited_host" && self.left == true && self.recoverable != Some(false);
        readable && self.occurrences.iter().any(|occurrence| occurrence.request == request)
    }
}
