//! CSV (RFC 4180), one row a sighting, then one a sentence that was judged, with
//! what a spreadsheet needs beside it.
//!
//! A cell that a spreadsheet would take for a formula (`=`, `+`, `-`, `@` at
//! its start) begins with an apostrophe here: captured values are hostile.

use audit::Audit;

use crate::{
    sanitize::inert,
    summary::{self, accusing, phase},
};

const COLUMNS: [&str; 28] = [
    "id",
    "capture",
    "exchange",
    "time",
    "trial",
    "phase",
    "kind",
    "canary",
    "guise",
    "how",
    "side",
    "finding",
    "method",
    "url",
    "host",
    "owner",
    "seat",
    "purpose",
    "trail",
    "value",
    "verdict",
    "sentence",
    "class",
    "source",
    "because",
    "disclosed",
    "schema",
    "simulation",
];

/// Every sighting as a row, in the order of the capture; then every verdict.
pub fn csv(audit: &Audit) -> String {
    let mut out = COLUMNS.join(",") + "\r\n";
    let accusing = accusing(audit);
    for (i, spotted) in audit.spotted.iter().enumerate() {
        let (seen, sighting) = (&spotted.seen, &spotted.seen.sighting);
        let to = &audit.destinations[seen.destination];
        let row = [
            format!("s{}", i + 1),
            spotted.capture.to_string(),
            sighting.exchange.to_string(),
            seen.at.to_string(),
            seen.trial.map(|trial| trial.to_string()).unwrap_or_default(),
            phase(audit, seen.phase).unwrap_or_default(),
            sighting.kind.to_string(),
            sighting.canary.clone().unwrap_or_default(),
            sighting.guise.to_string(),
            sighting.how.word().to_owned(),
            seen.side.side.word().to_owned(),
            if accusing.contains(&i) { "yes" } else { "no" }.to_owned(),
            spotted.method.clone(),
            spotted.url.clone(),
            to.host.clone(),
            to.owner.clone().unwrap_or_default(),
            to.seat.clone().unwrap_or_default(),
            to.purpose.word().to_owned(),
            sighting.trail.to_string(),
            sighting.value.clone(),
        ];
        let mut row = row.to_vec();
        row.resize(COLUMNS.len() - 3, String::new());
        row.push(disclosed(audit, i));
        row.push(sighting.schema.clone().unwrap_or_default());
        line(&mut out, audit, row);
    }
    for (i, verdict) in audit.verdicts.iter().enumerate() {
        let mut row = vec![String::new(); SIGHTING];
        row[0] = format!("v{}", i + 1);
        row.extend([
            verdict.outcome.word().to_owned(),
            summary::sentence(&verdict.sentence),
            verdict.sentence.class.word().to_owned(),
            verdict.sentence.source.line(),
            verdict.because.clone(),
        ]);
        line(&mut out, audit, row);
    }
    out
}

/// What the maker says itself about a sighting.
fn disclosed(audit: &Audit, sighting: usize) -> String {
    let mut shown_by = audit.findings.iter().filter(|finding| finding.sightings.contains(&sighting));
    shown_by.find_map(|finding| audit.disclosed(finding)).unwrap_or_default().to_owned()
}

/// Columns that a sighting fills.
const SIGHTING: usize = 20;

/// A row; its last cell says whether the subject is a simulation.
fn line(out: &mut String, audit: &Audit, mut row: Vec<String>) {
    row.resize(COLUMNS.len() - 1, String::new());
    row.push(if audit.simulation { "yes" } else { "no" }.to_owned());
    out.push_str(&row.iter().map(|value| cell(value)).collect::<Vec<String>>().join(","));
    out.push_str("\r\n");
}

fn cell(value: &str) -> String {
    let mut text = inert(value).into_owned();
    if text.starts_with(['=', '+', '-', '@']) {
        text.insert(0, '\'');
    }
    if text.contains(['"', ',', ';']) || text.starts_with(' ') || text.ends_with(' ') {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_text_and_a_comma_is_quoted() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("two\r\nlines"), "two\\u{d}\\nlines");
        assert_eq!(cell("plain"), "plain");
    }
}
