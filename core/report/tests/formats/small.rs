//! An audit built by hand: one verdict of each word, one finding, one gap.

use audit::{Audit, CaptureSummary, Coverage, DestinationCounts, IgnoredCanary, LocatedSighting};
use judge::{
    Finding, Identifier, IdentifierScope, JudgedExchange, Outcome, Sentence, SentenceClass, SentenceSource, Severity,
    SightingContext, SwitchCombination, SwitchInPhase, SwitchPosition, Verdict,
};
use model::{
    Act, Arm, Attribution, Canary, Destination, Gap, GapReason, Guise, HostingPlace, Initiator, Kind, Mode, Note,
    Phase, PlantedCanary, Purpose, RecognitionMethod, Run, Sighting, Subject, Time, Trail, Trial,
};

/// What the collector is sent: a visit in private mode, wrapped five times.
pub(crate) const TRAIL: &str = "body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[0].properties.url";

pub(crate) fn audit() -> Audit {
    let start: i64 = 1_588_555_800_000;
    let at = |millis| Time::from_millis(start + millis);
    Audit {
        captures: vec![CaptureSummary {
            source: "small.candor".into(),
            format: "candor".into(),
            exchanges: 3,
            sha256: "ab".repeat(32),
        }],
        run: Some(run(at(0))),
        simulation: false,
        trials: vec![
            Trial { id: 1, arm: Arm { mode: Mode::Private, ..Arm::default() }, install: 1, at: at(0), failed: None },
            Trial { id: 2, arm: Arm { blank: true, ..Arm::default() }, install: 2, at: at(0), failed: None },
        ],
        phases: vec![
            phase(1, "start", Act::Start, at(0), &[]),
            phase(1, "visit 1", Act::Visit, at(3_000), &["url-1"]),
            phase(1, "visit 2", Act::Visit, at(6_000), &[]),
            phase(1, "type 1", Act::Type, at(6_900), &[]),
            phase(2, "start", Act::Start, at(0), &[]),
        ],
        plants: vec![
            plant("url-1", "visited-url", "https://qwertzuiopas.com/a?b=c", false),
            plant("decoy-1", "search", "never used", true),
        ],
        notes: vec![Note {
            trial: Some(1),
            at: at(7_000),
            code: "not-done".into(),
            says: "there is no window to type into".into(),
            count: 1,
        }],
        early: None,
        traffic: vec![
            traffic(0, "qwertzuiopas.com", Initiator::Page, false, at(3_100)),
            traffic(1, "sa.example", Initiator::Extension, false, at(3_500)),
            traffic(2, "pinned.example", Initiator::Native, true, at(500)),
        ],
        spotted: vec![spotted(at(3_500))],
        identifiers: vec![Identifier {
            host: "sa.example".into(),
            place: "body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[*].distinct_id".into(),
            scope: IdentifierScope::Persistent,
            exchanges: vec![(1, Trail::default())],
            alike: vec![],
            installs: 3,
        }],
        destinations: destinations(),
        tallies: vec![
            DestinationCounts { requests: 1, bytes: 40, page: 1, ..DestinationCounts::default() },
            DestinationCounts { requests: 1, bytes: 640, extension: 1, sightings: 1, ..DestinationCounts::default() },
            DestinationCounts { requests: 1, bytes: 2_000, native: 1, sealed: 1, ..DestinationCounts::default() },
        ],
        findings: vec![Finding {
            code: "visited-url-sent".into(),
            severity: Severity::High,
            destination: Some(1),
            phases: vec!["private visit 1".into()],
            sightings: vec![0],
            says: "sa.example was sent the address of a page visited, once".into(),
        }],
        verdicts: vec![
            verdict("private", Outcome::Broken, "sa.example was sent the address of a page visited in 1 of 2 acts."),
            verdict("kept", Outcome::Kept, "nothing of the kind was seen in 30 visits over 2 fresh installs."),
            verdict("unclear", Outcome::Unclear, "too few: nothing was seen in 2 visits over 1 fresh install."),
            verdict("untested", Outcome::Untested, "nothing was searched for."),
            verdict("expected", Outcome::NotMet, "sa.example was sent the address of a page visited in 1 of 2 acts."),
            verdict("silent", Outcome::Vacuous, "nothing was reported."),
            verdict("asked", Outcome::ForAuthority, "nothing was turned off."),
        ],
        gaps: vec![(
            0,
            Gap {
                exchange: Some(2),
                place: "connection".parse().unwrap(),
                why: GapReason::Sealed,
                says: "the client refused our certificate".into(),
            },
        )],
        coverage: Coverage { exchanges: 3, read: 2, sealed: 1, bytes: 2_680, bytes_read: 680 },
        ignored: vec![IgnoredCanary { canary: "short".into(), because: "too short to be told from chance".into() }],
        combinations: vec![SwitchCombination {
            mode: Mode::Private,
            standing: vec![SwitchInPhase {
                switch: "incognito-mode".into(),
                position: SwitchPosition::Default(Some(true)),
            }],
            as_installed: Some(true),
            acts: 2,
            told: 1,
            installs: 1,
            to: vec![1],
        }],
        ..Audit::default()
    }
}

fn run(started: Time) -> Run {
    Run {
        subject: Subject {
            name: "reporting-browser".into(),
            edition: Some("3.4.0".into()),
            version: "156.0".into(),
            digest: "cd".repeat(32),
            extensions: vec!["abcdef".into()],
        },
        scenario: "quick".into(),
        seed: 7,
        candor: "0.1.0".into(),
        knowledge: "ef".repeat(32),
        host: "Debian GNU/Linux 12".into(),
        started,
        sinkhole: true,
        bypass_watched: true,
        conditions: vec!["no sandbox".into()],
    }
}

fn phase(trial: u32, name: &str, act: Act, at: Time, canaries: &[&str]) -> Phase {
    Phase {
        trial,
        name: name.into(),
        act,
        mode: if trial == 1 { Mode::Private } else { Mode::Normal },
        session: 1,
        at,
        canaries: canaries.iter().map(|id| (*id).to_owned()).collect(),
        switches: vec![],
    }
}

fn plant(id: &str, kind: &str, value: &str, decoy: bool) -> PlantedCanary {
    let canary = Canary { decoy, ..Canary::new(id, kind, value) };
    PlantedCanary { trial: (!decoy).then_some(1), canary, site: (!decoy).then(|| "qwertzuiopas.com".into()) }
}

fn traffic(exchange: u64, host: &str, side: Initiator, sealed: bool, at: Time) -> JudgedExchange {
    let phase = if at.0 % 60_000_000 < 2_000_000 { 0 } else { 1 };
    JudgedExchange {
        capture: 0,
        exchange,
        trial: Some(1),
        phase: Some(phase),
        scheme: "https".into(),
        host: host.into(),
        path: "/".into(),
        foreign_name: None,
        side,
        sealed,
        gaps: 0,
        closed: 0,
        fields: vec![],
        connection: exchange,
        cookie: None,
        bytes: 640,
        at,
    }
}

fn spotted(at: Time) -> LocatedSighting {
    let trail: Trail = TRAIL.parse().unwrap();
    LocatedSighting {
        capture: 0,
        method: "POST".into(),
        url: "https://sa.example/sa?project=p".into(),
        seen: SightingContext {
            sighting: Sighting {
                exchange: 1,
                kind: Kind::new("visited-url"),
                canary: Some("url-1".into()),
                guise: Guise::Plain,
                how: RecognitionMethod::Canary,
                schema: None,
                trail,
                value: "https://qwertzuiopas.com/a?b=c".into(),
                weak: false,
            },
            side: Attribution { side: Initiator::Extension, because: "its Origin is an extension" },
            destination: 1,
            trial: Some(1),
            phase: Some(1),
            at,
            replayed: true,
            stopped: false,
        },
    }
}

fn destinations() -> Vec<Destination> {
    let to = |host: &str, purpose, because: &str| Destination {
        host: host.into(),
        site: host.into(),
        owner: None,
        seat: None,
        hosted: None,
        purpose,
        because: because.into(),
    };
    vec![
        to("qwertzuiopas.com", Purpose::Visited, "a honey site: Candor served it"),
        Destination {
            owner: Some("Example".into()),
            seat: Some("CN".into()),
            hosted: Some(HostingPlace {
                country: "SG".into(),
                asn: Some(45_102),
                network: Some("Example Cloud".into()),
                because: "documented, as of 2020-05-04: a source".into(),
            }),
            ..to("sa.example", Purpose::Telemetry, "its collector")
        },
        to("pinned.example", Purpose::Unknown, "nobody we know of is on record for this host"),
    ]
}

/// One sentence of each class, by what became of it.
fn sentence(outcome: Outcome) -> Sentence {
    let (class, words) = match outcome {
        Outcome::NotMet | Outcome::Met | Outcome::Vacuous => (SentenceClass::Expectation, "What is expected"),
        Outcome::ForAuthority => (SentenceClass::Law, "What is asked"),
        _ => (SentenceClass::Promise, "A promise that is"),
    };
    let source = SentenceSource {
        name: "A notice".into(),
        address: Some("https://maker.example/notice".into()),
        date: Some("2020-05-04".into()),
        archive: None,
        article: (class == SentenceClass::Law).then(|| "Art. 1".into()),
        valid: None,
    };
    Sentence { class, words: format!("{words} {}.", outcome.plainly()), source, tested: "nothing is sent".into() }
}

fn verdict(id: &str, outcome: Outcome, because: &str) -> Verdict {
    Verdict {
        promise: id.into(),
        sentence: sentence(outcome),
        outcome,
        because: because.into(),
        evidence: if outcome.accuses() { vec![0] } else { vec![] },
        requests: vec![],
        visits: if outcome == Outcome::Kept { 30 } else { 2 },
        told: u32::from(outcome == Outcome::Broken),
        installs: 2,
        bound: (outcome == Outcome::Kept).then_some(0.095),
        bound_of_installs: (outcome == Outcome::Kept).then_some(0.451),
    }
}
