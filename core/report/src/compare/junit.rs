//! JUnit XML: a promise is a test case, and fails if its verdict got worse; so
//! does each new finding. What could not be decided is skipped.

use std::fmt::Write;

use audit::AuditDifference;
use judge::{Outcome, Severity};

use super::{claim, word};
use crate::sanitize::inert;

pub(super) fn junit(difference: &AuditDifference) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, difference);
    out
}

fn write(out: &mut String, difference: &AuditDifference) -> std::fmt::Result {
    let new: Vec<_> = difference.new_findings.iter().filter(|claim| claim.severity > Severity::Info).collect();
    let worse = difference.turns.iter().filter(|turn| turn.is_worse()).count();
    let undecided = |after: Option<Outcome>| !after.is_some_and(|after| after.accuses() || after.acquits());
    let skipped = difference.turns.iter().filter(|turn| !turn.is_worse() && undecided(turn.after)).count();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuite name=\"candor compare\" tests=\"{}\" failures=\"{}\" skipped=\"{skipped}\">",
        difference.turns.len() + new.len(),
        worse + new.len()
    )?;
    for mark in super::simulated(difference) {
        writeln!(out, "  <properties><property name=\"simulation\" value=\"{}\"/></properties>", xml(&mark))?;
    }
    for turn in &difference.turns {
        let turned = format!("{} → {}: {}", word(turn.before), word(turn.after), turn.because);
        let name = format!("{}: {} ({})", turn.promise, turn.sentence.shown(), turn.sentence.whose());
        write!(out, "  <testcase classname=\"promise\" name=\"{}\"", xml(&name))?;
        match (turn.is_worse(), undecided(turn.after)) {
            (true, _) => writeln!(out, "><failure message=\"{}\"/></testcase>", xml(&turned))?,
            (_, true) => writeln!(out, "><skipped message=\"{}\"/></testcase>", xml(&turned))?,
            _ => writeln!(out, "/>")?,
        }
    }
    for one in new {
        let (name, says) = (xml(&claim(one)), xml(&one.says));
        writeln!(out, "  <testcase classname=\"finding\" name=\"{name}\"><failure message=\"{says}\"/></testcase>")?;
    }
    writeln!(out, "</testsuite>")
}

/// Text inside an attribute (XML 1.0 §2.3).
fn xml(text: &str) -> String {
    inert(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
