//! A browser that tells each visit in ways that no search for an address in the
//! bodies of requests finds, each to a collector of its own. In one run; each way is then
//! judged as if it were the only one, with the others' records taken out. None of them may
//! be acquitted.
#![expect(clippy::print_stderr, reason = "a test that is skipped says why, and one that runs prints its table")]

#[path = "../run/mod.rs"]
mod run;

mod program;

use std::{collections::BTreeSet, path::Path};

use audit::{AuditOptions, Auditor, CaptureSummary};
use judge::Verdict;
use knowledge::Knowledge;
use model::{Exchange, Mode, Record, Request};
use program::LeakingBrowser;
use run::{Run, missing};

/// The promise that each of them breaks.
const PROMISE: &str = "private-reports-nothing";

/// By the name of their collectors; `next` tells the site that is visited next. Those of the second
/// half are sent by a program beside the browser, but for `quic`.
const WAYS: [&str; 22] = [
    "image",
    "next",
    "hmac",
    "xor",
    "split",
    "pieces",
    "names",
    "sixteen",
    "timer", // by the extension
    "quic",
    "udp",
    "token",
    "dressed", // in datagrams
    "sni",
    "label",
    "alpn",
    "extension",
    "ticket",
    "session", // in a ClientHello
    "host",
    "clear",
    "authority", // under the name of the visited site
];

/// Whose collector an exchange goes to.
fn way_of(exchange: &Exchange) -> Option<&str> {
    let (before, _) = exchange.host().split_once("-collector.com")?;
    before.rsplit('.').next()
}

/// The verdict on the evidence as it would be if this had been the only way, or none. The promise
/// speaks of private mode: trials of another mode count as done, and what they sent is left out.
fn judged_alone(evidence: &str, knowledge: &Knowledge, way: Option<&str>) -> Verdict {
    let mut auditor = Auditor::new(knowledge, AuditOptions::default());
    auditor.capture(CaptureSummary::default());
    let mut private = BTreeSet::new();
    let file = evidence::Evidence::open(Path::new(evidence)).expect("it can be opened");
    let read = file.records(|record| match record {
        Record::Exchange(exchange) if exchange.trial.is_some_and(|trial| !private.contains(&trial)) => {}
        Record::Beacon(beacon) if !private.contains(&beacon.trial) => {}
        Record::Exchange(mut exchange) => {
            let is_of_another = way_of(&exchange).is_some_and(|of| Some(of) != way);
            if is_of_another || tells_by_the_question(&exchange, way) {
                return;
            }
            if way != Some("next") {
                exchange.request.headers.retain(|header| header.name != "x-previous");
            }
            auditor.push(Record::Exchange(exchange));
        }
        Record::Note(note) if note.says.contains("-collector.com") => {}
        record => {
            if let Record::Trial(trial) = &record
                && trial.arm.mode == Mode::Private
            {
                private.insert(trial.id);
            }
            auditor.push(record);
        }
    });
    read.expect("it can be read");
    let verdicts = auditor.finish().verdicts;
    verdicts.into_iter().find(|verdict| verdict.promise == PROMISE).expect("it is judged")
}

/// A name that tells something is asked for before it is called: what is judged is the call.
fn tells_by_the_question(exchange: &Exchange, way: Option<&str>) -> bool {
    way == Some("quic") && exchange.request.method == Request::DNS && way_of(exchange) == way
}

#[test]
fn no_way_of_telling_a_visit_is_acquitted() {
    if missing(&["chromium", "Xvfb", "xdotool", "nft", "ip", "python3"]) {
        return;
    }
    let browser = LeakingBrowser::unpacked();
    let run = Run::audit(&["leaking-browser", "--scenario", "quick", "--data", browser.data()]);
    assert!(run.status != 2, "{}", run.said);
    let (evidence, knowledge) = (&*run.evidence(), &Knowledge::built_in());
    let cases: Vec<Option<&str>> = WAYS.map(Some).into_iter().chain([None]).collect();
    // Two at a time: each is an audit of its own.
    let judged = std::thread::scope(|scope| {
        let half = |cases| scope.spawn(move || judged_each(evidence, knowledge, cases));
        let (first, second) = cases.split_at(cases.len() / 2);
        let halves = [half(first), half(second)];
        halves.map(|half| half.join().expect("it is judged")).concat()
    });
    // Without any of them it is acquitted: it is they that are seen, and nothing else.
    let wrong: Vec<_> = judged.into_iter().filter(|(way, acquits)| *acquits != way.is_none()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Whether each of them is acquitted.
fn judged_each<'w>(evidence: &str, knowledge: &Knowledge, cases: &[Option<&'w str>]) -> Vec<(Option<&'w str>, bool)> {
    let judged = cases.iter().map(|way| {
        let verdict = judged_alone(evidence, knowledge, *way);
        eprintln!("{:<9} {:<9} {}", way.unwrap_or("none"), verdict.outcome.word(), verdict.because);
        (*way, verdict.outcome.acquits())
    });
    judged.collect()
}
