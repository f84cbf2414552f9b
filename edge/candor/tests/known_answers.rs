//! A browser that tells each visit in nine ways that no search for an address
//! finds, each to a collector of its own. In one run; each way is then judged as
//! if it were the only one, with the others' records taken out. None of them may
//! be acquitted.
#![expect(clippy::print_stderr, reason = "a test that is skipped says why, and one that runs prints its table")]

mod run;

use std::path::Path;

use audit::{AuditOptions, Auditor, CaptureSummary};
use judge::Verdict;
use knowledge::Knowledge;
use model::{Exchange, Record};
use run::{Run, missing};

/// The promise that each of them breaks.
const PROMISE: &str = "private-reports-nothing";

/// By the name of their collectors; `next` tells the site that is visited next.
const WAYS: [&str; 9] = ["image", "next", "hmac", "xor", "split", "pieces", "names", "sixteen", "timer"];

/// Whose collector an exchange goes to.
fn way_of(exchange: &Exchange) -> Option<&str> {
    let (before, _) = exchange.host().split_once("-collector.com")?;
    before.rsplit('.').next()
}

/// The verdict on the evidence as it would be if this had been the only way, or none.
fn judged_alone(evidence: &str, knowledge: &Knowledge, way: Option<&str>) -> Verdict {
    let mut auditor = Auditor::new(knowledge, AuditOptions::default());
    auditor.capture(CaptureSummary::default());
    let file = evidence::Evidence::open(Path::new(evidence)).expect("it can be opened");
    let read = file.records(|record| match record {
        Record::Exchange(mut exchange) => {
            if way_of(&exchange).is_some_and(|of| Some(of) != way) {
                return;
            }
            if way != Some("next") {
                exchange.request.headers.retain(|header| header.name != "x-previous");
            }
            auditor.push(Record::Exchange(exchange));
        }
        Record::Note(note) if note.says.contains("-collector.com") => {}
        record => auditor.push(record),
    });
    read.expect("it can be read");
    let verdicts = auditor.finish().verdicts;
    verdicts.into_iter().find(|verdict| verdict.promise == PROMISE).expect("it is judged")
}

#[test]
fn no_way_of_telling_a_visit_is_acquitted() {
    if missing(&["chromium", "Xvfb", "xdotool", "nft", "ip"]) {
        return;
    }
    let run = Run::audit(&["leaking-browser", "--scenario", "quick"]);
    assert!(run.status != 2, "{}", run.said);
    let evidence = run.evidence();
    let knowledge = Knowledge::built_in();
    let mut acquitted = Vec::new();
    for way in WAYS.map(Some).into_iter().chain([None]) {
        let verdict = judged_alone(&evidence, &knowledge, way);
        let word = verdict.outcome.word();
        eprintln!("{:<8} {word:<9} {}", way.unwrap_or("none"), verdict.because);
        if way.is_some() && verdict.outcome.acquits() {
            acquitted.push(way);
        }
    }
    assert!(acquitted.is_empty(), "acquitted: {acquitted:?}");
}
