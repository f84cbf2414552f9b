//! The test of tests: recorded requests played through the guard as they came,
//! with everything off. Each finding of medium weight or more that an audit makes
//! of them is stopped, or shown as sent all the same; none goes on in silence.
//!
//! Played are the examples of `data/schemas`, the captures of `corpus/gauntlet`,
//! and the evidence of audits in `corpus/audits` and `$CANDOR_AUDITS`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test reads files, and a panic is its report"
)]

#[path = "../../detect/tests/checks/examples.rs"]
mod examples;

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use audit::{AuditOptions, Auditor, CaptureSummary};
use evidence::Evidence;
use guard::{
    Choices, ClientIdentity, DecisionReason, DeviceMemory, EnteredValues, GuardAction, GuardClient, GuardTime,
    InspectionNeed, RequestContext, RequestScan, SuggestionSwitch, decide, destination,
};
use judge::Severity;
use knowledge::{Knowledge, schemas::Schema};
use model::{Canary, Exchange, Initiator, Kind, Mode, Record};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Stopped,
    Shown,
    /// A page asked for it.
    Pages,
    Silent,
}

/// Records to be played, and what their person entered.
struct Play {
    name: String,
    records: Vec<Record>,
    entered: Vec<Canary>,
}

#[test]
fn with_everything_off_no_finding_of_an_audit_goes_on_in_silence() {
    let knowledge = Arc::new(Knowledge::built_in());
    let mut table: BTreeMap<(String, String), [usize; 4]> = BTreeMap::new();
    let (mut silent, mut findings) = (Vec::new(), 0);
    for play in all(&knowledge) {
        let found = found(&knowledge, &play);
        for (mode, strict) in [(Mode::Normal, false), (Mode::Normal, true), (Mode::Private, false)] {
            let fates = played(&knowledge, &play, mode, strict);
            for (code, exchange, side) in &found {
                findings += 1;
                let mut fate = fates[exchange];
                // The judge knows whose it was; a page is no excuse then.
                if fate == Fate::Pages && matches!(side, Initiator::Native | Initiator::Extension) {
                    fate = Fate::Silent;
                }
                let source = play.name.split(':').next().unwrap().to_owned();
                table.entry((source, code.clone())).or_default()[fate as usize] += 1;
                if fate == Fate::Silent {
                    let strict = if strict { ", strict" } else { "" };
                    silent.push(format!("{} exchange {exchange}: {code}, {}{strict}", play.name, mode.word()));
                }
            }
        }
    }
    eprintln!("{:<10} {:<26} {:>8} {:>8} {:>8} {:>8}", "", "finding", "stopped", "shown", "a page's", "silent");
    for ((source, code), [stopped, shown, pages, silent]) in &table {
        eprintln!("{source:<10} {code:<26} {stopped:>8} {shown:>8} {pages:>8} {silent:>8}");
    }
    assert!(findings > 300, "{findings}");
    assert!(silent.is_empty(), "{} in silence\n{}", silent.len(), silent.join("\n"));
}

#[test]
fn with_everything_on_every_one_of_them_goes_on() {
    let knowledge = Arc::new(Knowledge::built_in());
    let mut choices = Choices { strict: true, ..Choices::default() };
    choices.suggestions = SuggestionSwitch { normal: true, private: true };
    for kind in knowledge.kinds.all() {
        choices.table.turn(&Kind::new(&kind.id), Mode::Unknown, true);
    }
    for play in all(&knowledge) {
        for (exchange, (verdict, reason)) in decided(&knowledge, &play, Mode::Unknown, &choices) {
            assert_eq!(verdict, GuardAction::Pass, "{} exchange {exchange}: {}", play.name, reason.word());
        }
    }
}

fn all(knowledge: &Knowledge) -> Vec<Play> {
    examples(knowledge).into_iter().chain(gauntlet()).chain(audits()).collect()
}

/// Findings of an audit, by the requests that they rest on.
fn found(knowledge: &Knowledge, play: &Play) -> Vec<(String, u64, Initiator)> {
    let mut auditor = Auditor::new(knowledge, AuditOptions { patterns: true, ..AuditOptions::default() });
    auditor.capture(CaptureSummary::default());
    for canary in &play.entered {
        let _ = auditor.canary(canary);
    }
    play.records.iter().for_each(|record| auditor.push(record.clone()));
    let audit = auditor.finish();
    let mut all = Vec::new();
    for finding in audit.findings.iter().filter(|finding| finding.severity >= Severity::Medium) {
        for number in &finding.sightings {
            let seen = &audit.spotted[*number].seen;
            all.push((finding.code.clone(), seen.sighting.exchange, seen.side.side));
        }
    }
    all
}

fn played(knowledge: &Arc<Knowledge>, play: &Play, mode: Mode, strict: bool) -> BTreeMap<u64, Fate> {
    let choices = Choices { strict, ..Choices::default() };
    let fate = |(verdict, reason): (GuardAction, DecisionReason)| match verdict {
        GuardAction::Absorb | GuardAction::Cut => Fate::Stopped,
        _ if reason.is_shown() => Fate::Shown,
        _ if reason == DecisionReason::Page => Fate::Pages,
        _ => Fate::Silent,
    };
    decided(knowledge, play, mode, &choices).into_iter().map(|(exchange, said)| (exchange, fate(said))).collect()
}

/// What the guard says of each request, in the order in which they came.
fn decided(
    knowledge: &Arc<Knowledge>,
    play: &Play,
    mode: Mode,
    choices: &Choices,
) -> BTreeMap<u64, (GuardAction, DecisionReason)> {
    let mut decisions = BTreeMap::new();
    let mut clients: BTreeMap<Option<u32>, GuardClient> = BTreeMap::new();
    let mut makers = Vec::new();
    for record in &play.records {
        if let Record::Run(run) = record {
            let subject = knowledge.subjects.iter().find(|subject| subject.name == run.subject.name);
            makers.extend(subject.map(|subject| subject.maker.clone()));
        }
        let Record::Exchange(exchange) = record else { continue };
        let client = clients.entry(exchange.trial).or_insert_with(|| {
            let values = play.entered.iter().map(|canary| (canary.kind.as_str(), canary.value.as_str()));
            GuardClient::new(Arc::clone(knowledge), DeviceMemory::new(EnteredValues::new(knowledge, values).0), mode)
        });
        let who = ClientIdentity { makers: makers.clone(), ..ClientIdentity::new("phone", mode) };
        decisions.insert(exchange.index, decision(knowledge, client, &who, choices, exchange));
    }
    decisions
}

fn decision(
    knowledge: &Knowledge,
    client: &mut GuardClient,
    who: &ClientIdentity,
    choices: &Choices,
    exchange: &Exchange,
) -> (GuardAction, DecisionReason) {
    let now = GuardTime::new(exchange.started, exchange.started.0.max(0).unsigned_abs());
    // Live, a request is decided before there is an answer.
    let asked = Exchange { response: None, ..exchange.clone() };
    client.began(&asked, now);
    let aim = destination(knowledge, &asked);
    let asking = RequestContext { who, exchange: &asked, aim: &aim, whole: true, waited: 0 };
    let looked = match client.wanted(&asking, choices, now) {
        InspectionNeed::Nothing => RequestScan::default(),
        InspectionNeed::Body => client.look(&asked),
    };
    let decision = decide(&asking, &looked, client, choices, now);
    if let Some(answer) = &exchange.response
        && let Some(number) = client.answering(exchange, answer, now)
    {
        client.answer(number, &answer.body.bytes);
        client.answered(number);
    }
    (decision.verdict, decision.reason)
}

/// One play for each example of a schema.
fn examples(knowledge: &Knowledge) -> Vec<Play> {
    let of = |schema: &Schema| {
        let play = |example| Play {
            name: format!("schemas: {}", schema.name),
            records: vec![Record::Exchange(Box::new(examples::exchange_of(schema, example)))],
            entered: Vec::new(),
        };
        schema.example.iter().map(play).collect::<Vec<_>>()
    };
    knowledge.schemas.iter().flat_map(of).collect()
}

/// Captures of real SDKs; whatever they are told is their person's.
fn gauntlet() -> Vec<Play> {
    let folder = std::fs::read_dir(workspace("corpus/gauntlet")).unwrap();
    let mut all: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    all.retain(|capture| capture.join("truth.json").exists());
    all.sort();
    all.iter().map(|capture| sdk(capture)).collect()
}

fn sdk(capture: &Path) -> Play {
    let truth: serde_json::Value = serde_json::from_slice(&std::fs::read(capture.join("truth.json")).unwrap()).unwrap();
    let canaries = truth["canaries"].as_array().unwrap().iter().enumerate().map(|(number, canary)| {
        let kind = canary["kind"].as_str().unwrap().replace('_', "-");
        Canary::new(format!("c{number}"), &kind, canary["value"].as_str().unwrap())
    });
    let mut records = Vec::new();
    let mut file = File::open(capture.join("capture.mitm")).unwrap();
    formats::read(&mut file, &mut |item| {
        if let formats::PieceItem::Record(record) = item {
            records.push(record);
        }
    })
    .unwrap();
    let name = format!("gauntlet: {}", capture.file_name().unwrap().to_string_lossy());
    let entered = canaries.filter(|canary| canary.kind.as_str() != "visited-host").collect();
    Play { name, records, entered }
}

/// Evidence of audits: what their browsers sent by themselves.
fn audits() -> Vec<Play> {
    let folders = [Some(workspace("corpus/audits")), std::env::var_os("CANDOR_AUDITS").map(PathBuf::from)];
    let files = folders.iter().flatten().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten());
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "candor"));
    files.sort();
    let play = |path: PathBuf| {
        let mut records = Vec::new();
        Evidence::open(&path).unwrap().records(|record| records.push(record)).unwrap();
        let name = format!("audits: {}", path.file_stem().unwrap().to_string_lossy());
        Play { name, records, entered: Vec::new() }
    };
    files.into_iter().map(play).collect()
}

fn workspace(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder)
}
