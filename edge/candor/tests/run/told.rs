//! What a report says, as tests ask for it.

use serde_json::Value;

/// Verdict word by promise.
pub fn verdicts(report: &Value) -> Vec<(String, String)> {
    let promises = report["promises"].as_array().expect("the report lists promises");
    promises.iter().map(|p| (text(&p["id"]), text(&p["verdict"]))).collect()
}

pub fn verdict(report: &Value, promise: &str) -> String {
    text(&judged(report, promise)["verdict"])
}

/// A promise as the report has it.
pub fn judged<'r>(report: &'r Value, promise: &str) -> &'r Value {
    let promises = report["promises"].as_array().expect("the report lists promises");
    promises.iter().find(|judged| judged["id"] == promise).expect("the promise is judged")
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What left, seen off its site.
pub struct Told {
    pub kind: String,
    pub host: String,
    pub guise: String,
    pub trail: String,
    /// `private visit 3`
    pub phase: String,
}

pub fn told(report: &Value) -> Vec<Told> {
    let all = report["sightings"].as_array().expect("the report lists sightings");
    let own = all.iter().filter(|seen| seen["side"] != "page" && seen["side"] != "caused");
    own.map(|seen| Told {
        kind: text(&seen["kind"]),
        host: text(&seen["host"]),
        guise: text(&seen["guise"]),
        trail: text(&seen["trail"]),
        phase: text(&seen["phase"]),
    })
    .collect()
}

pub fn decoys_seen(report: &Value) -> usize {
    let all = report["sightings"].as_array().expect("the report lists sightings");
    all.iter().filter(|seen| text(&seen["canary"]).starts_with("decoy")).count()
}
