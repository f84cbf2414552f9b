//! JSON, version 1: for programs, and stable. A new meaning is a new name.
//!
//! The shapes are this file's own, so that no inner type can change them.
//! Each member of a list stands on a line of its own: two reports can be
//! compared line by line.

mod lines;

use std::collections::BTreeMap;

use audit::Audit;
use judge::{BeaconRecall, RecallCount, SentenceClass};
use model::{Destination, Gap};
use serde::Serialize;

use crate::summary::{self, phase};

/// The version of the shapes below.
const VERSION: u32 = 1;

/// The whole report as JSON.
pub fn json(audit: &Audit) -> String {
    lines::written(&JsonReport::of(audit))
}

#[derive(Serialize)]
struct JsonReport<'a> {
    candor: u32,
    version: &'static str,
    /// The subject is Candor's own simulation of a case.
    simulation: bool,
    captures: Vec<JsonCapture<'a>>,
    /// How the subject was started, what was in force, and what the reference showed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    in_force: Vec<JsonSetting>,
    /// What was sent to be found, and what of it was: absent where no control was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    control: Option<JsonControl<'a>>,
    sightings: Vec<JsonSighting<'a>>,
    findings: Vec<JsonFinding<'a>>,
    destinations: Vec<JsonRecipient<'a>>,
    promises: Vec<JsonPromise<'a>>,
    gaps: Vec<JsonUnseen<'a>>,
    coverage: JsonCoverage,
    seats: Vec<SeatRow>,
}

/// Where things went, by the seat of those who got them.
#[derive(Serialize)]
struct SeatRow {
    country: Option<String>,
    owners: Vec<String>,
    requests: u64,
    sightings: u64,
}

#[derive(Serialize)]
struct JsonCapture<'a> {
    source: &'a str,
    format: &'a str,
    exchanges: u64,
    sha256: &'a str,
}

#[derive(Serialize)]
struct JsonControl<'a> {
    sent: u64,
    found: u64,
    twins: u64,
    false_alarms: u64,
    transports: Vec<JsonLevel<'a>>,
    layers: Vec<JsonLevel<'a>>,
    disguises: Vec<JsonLevel<'a>>,
}

#[derive(Serialize)]
struct JsonLevel<'a> {
    level: &'a str,
    sent: u64,
    found: u64,
}

#[derive(Serialize)]
struct JsonSetting {
    what: &'static str,
    says: String,
}

#[derive(Serialize)]
struct JsonSighting<'a> {
    id: String,
    capture: usize,
    exchange: u64,
    kind: &'a str,
    canary: Option<&'a str>,
    guise: String,
    how: &'static str,
    /// The program whose known place it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a str>,
    method: &'a str,
    url: &'a str,
    host: &'a str,
    trail: String,
    value: &'a str,
    phase: Option<String>,
    side: &'static str,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    code: &'a str,
    severity: &'static str,
    destination: Option<String>,
    phases: &'a [String],
    sightings: Vec<String>,
    says: &'a str,
    /// What the maker says itself about it, with its source.
    disclosed: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonRecipient<'a> {
    id: String,
    host: &'a str,
    site: &'a str,
    owner: Option<&'a str>,
    seat: Option<&'a str>,
    hosted: Option<JsonHosting<'a>>,
    purpose: &'static str,
    because: &'a str,
}

#[derive(Serialize)]
struct JsonHosting<'a> {
    country: &'a str,
    asn: Option<u32>,
    network: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonPromise<'a> {
    id: &'a str,
    /// The maker's own words; none where the sentence is not the maker's.
    quote: Option<&'a str>,
    verdict: &'static str,
    because: &'a str,
    evidence: Vec<String>,
    visits: u32,
    told: u32,
    installs: u32,
    bound: Option<f64>,
    bound_of_installs: Option<f64>,
    /// Exchanges that show it where no sighting does.
    requests: &'a [u64],
    class: &'static str,
    sentence: &'a str,
    tested: &'a str,
    source: JsonSource<'a>,
}

#[derive(Serialize)]
struct JsonSource<'a> {
    name: &'a str,
    address: Option<&'a str>,
    date: Option<&'a str>,
    archive: Option<&'a str>,
    article: Option<&'a str>,
    valid: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonUnseen<'a> {
    capture: usize,
    exchange: Option<u64>,
    #[serde(rename = "where")]
    place: String,
    why: &'static str,
    says: &'a str,
}

#[derive(Serialize)]
struct JsonCoverage {
    exchanges: u64,
    read: u64,
    sealed: u64,
    bytes: u64,
    bytes_read: u64,
}

impl<'a> JsonReport<'a> {
    fn of(audit: &'a Audit) -> Self {
        Self {
            candor: VERSION,
            version: env!("CARGO_PKG_VERSION"),
            simulation: audit.simulation,
            captures: audit.captures.iter().map(capture).collect(),
            in_force: summary::in_force(audit).into_iter().map(|(what, says)| JsonSetting { what, says }).collect(),
            control: control(&audit.recall),
            sightings: (0..audit.spotted.len()).map(|i| sighting(audit, i)).collect(),
            findings: audit.findings.iter().map(|one| finding(audit, one)).collect(),
            destinations: audit.destinations.iter().enumerate().map(to).collect(),
            promises: audit.verdicts.iter().map(promise).collect(),
            gaps: audit.gaps.iter().map(unseen).collect(),
            coverage: coverage(audit),
            seats: seats(audit),
        }
    }
}

fn levels(table: &BTreeMap<String, RecallCount>) -> Vec<JsonLevel<'_>> {
    table.iter().map(|(level, RecallCount { sent, found })| JsonLevel { level, sent: *sent, found: *found }).collect()
}

fn control(recall: &BeaconRecall) -> Option<JsonControl<'_>> {
    (recall.all.sent > 0).then(|| JsonControl {
        sent: recall.all.sent,
        found: recall.all.found,
        twins: recall.twins.sent,
        false_alarms: recall.twins.found,
        transports: levels(&recall.transports),
        layers: levels(&recall.layers),
        disguises: levels(&recall.disguises),
    })
}

/// The id of a sighting: `s1` is the first.
fn s(index: usize) -> String {
    format!("s{}", index + 1)
}

/// The id of a destination: `d1` is the first.
fn d(index: usize) -> String {
    format!("d{}", index + 1)
}

fn capture(capture: &audit::CaptureSummary) -> JsonCapture<'_> {
    JsonCapture {
        source: &capture.source,
        format: &capture.format,
        exchanges: capture.exchanges,
        sha256: &capture.sha256,
    }
}

fn sighting(audit: &Audit, index: usize) -> JsonSighting<'_> {
    let spotted = &audit.spotted[index];
    let (seen, sighting) = (&spotted.seen, &spotted.seen.sighting);
    JsonSighting {
        id: s(index),
        capture: spotted.capture,
        exchange: sighting.exchange,
        kind: sighting.kind.as_str(),
        canary: sighting.canary.as_deref(),
        guise: sighting.guise.to_string(),
        how: sighting.how.word(),
        schema: sighting.schema.as_deref(),
        method: &spotted.method,
        url: &spotted.url,
        host: &audit.destinations[seen.destination].host,
        trail: sighting.trail.to_string(),
        value: &sighting.value,
        phase: phase(audit, seen.phase),
        side: seen.side.side.word(),
    }
}

fn finding<'a>(audit: &'a Audit, finding: &'a judge::Finding) -> JsonFinding<'a> {
    JsonFinding {
        code: &finding.code,
        severity: finding.severity.word(),
        destination: finding.destination.map(d),
        phases: &finding.phases,
        sightings: finding.sightings.iter().copied().map(s).collect(),
        says: &finding.says,
        disclosed: audit.disclosed(finding),
    }
}

fn to((index, to): (usize, &Destination)) -> JsonRecipient<'_> {
    JsonRecipient {
        id: d(index),
        host: &to.host,
        site: &to.site,
        owner: to.owner.as_deref(),
        seat: to.seat.as_deref(),
        hosted: to.hosted.as_ref().map(|hosted| JsonHosting {
            country: &hosted.country,
            asn: hosted.asn,
            network: hosted.network.as_deref(),
        }),
        purpose: to.purpose.word(),
        because: &to.because,
    }
}

fn promise(verdict: &judge::Verdict) -> JsonPromise<'_> {
    let sentence = &verdict.sentence;
    JsonPromise {
        id: &verdict.promise,
        quote: (sentence.class == SentenceClass::Promise).then_some(&sentence.words),
        verdict: verdict.outcome.word(),
        because: &verdict.because,
        evidence: verdict.evidence.iter().copied().map(s).collect(),
        visits: verdict.visits,
        told: verdict.told,
        installs: verdict.installs,
        bound: verdict.bound,
        bound_of_installs: verdict.bound_of_installs,
        requests: &verdict.requests,
        class: sentence.class.word(),
        sentence: &sentence.words,
        tested: &sentence.tested,
        source: JsonSource {
            name: &sentence.source.name,
            address: sentence.source.address.as_deref(),
            date: sentence.source.date.as_deref(),
            archive: sentence.source.archive.as_deref(),
            article: sentence.source.article.as_deref(),
            valid: sentence.source.valid.as_deref(),
        },
    }
}

fn unseen((capture, gap): &(usize, Gap)) -> JsonUnseen<'_> {
    JsonUnseen {
        capture: *capture,
        exchange: gap.exchange,
        place: gap.place.to_string(),
        why: gap.why.word(),
        says: &gap.says,
    }
}

fn seats(audit: &Audit) -> Vec<SeatRow> {
    let seat = |seat: summary::CountrySeat| SeatRow {
        country: seat.country,
        owners: seat.owners,
        requests: seat.requests,
        sightings: seat.seen,
    };
    summary::seats(audit).into_iter().map(seat).collect()
}

fn coverage(audit: &Audit) -> JsonCoverage {
    let audit::Coverage { exchanges, read, sealed, bytes, bytes_read } = audit.coverage;
    JsonCoverage { exchanges, read, sealed, bytes, bytes_read }
}
