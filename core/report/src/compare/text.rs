//! For a terminal: what got worse first.

use std::fmt::Write;

use audit::{AuditDifference, ComparedAudit, VerdictChange};

use super::{claim, flow, word};
use crate::{sanitize::inert, summary};

pub(super) fn text(difference: &AuditDifference) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, difference);
    out
}

fn write(out: &mut String, difference: &AuditDifference) -> std::fmt::Result {
    let (before, after) = (&difference.before, &difference.after);
    writeln!(out, "{} → {}, scenario {}", subject(before), subject(after), inert(&after.scenario))?;
    let marks: Vec<String> = super::simulated(difference).collect();
    if !difference.unlike.is_empty() || !marks.is_empty() {
        writeln!(out)?;
    }
    marks.iter().try_for_each(|mark| writeln!(out, "{mark}"))?;
    difference.unlike.iter().try_for_each(|one| writeln!(out, "{}", inert(one)))?;
    turns(out, difference)?;
    list(out, "BEGAN", difference.began.iter().map(flow))?;
    list(out, "STOPPED", difference.stopped.iter().map(flow))?;
    for (title, claims) in [("NEW FINDINGS", &difference.new_findings), ("GONE", &difference.gone_findings)] {
        let shown = claims
            .iter()
            .map(|one| format!("{:<8} {}\n           {}", one.severity.word(), claim(one), inert(&one.says)));
        list(out, title, shown)?;
    }
    Ok(())
}

fn subject(side: &ComparedAudit) -> String {
    format!("{} {}", inert(&side.subject), inert(&side.version))
}

fn turns(out: &mut String, difference: &AuditDifference) -> std::fmt::Result {
    writeln!(out, "\nPROMISES AND EXPECTATIONS")?;
    let mut turns: Vec<&VerdictChange> = difference.turns.iter().collect();
    turns.sort_by_key(|turn| (!turn.is_worse(), !turn.is_better(), turn.before.is_none()));
    for turn in turns {
        let sentence = summary::sentence(&turn.sentence);
        writeln!(out, "  {:<7} {} → {}  {sentence}", how(turn), word(turn.before), word(turn.after))?;
        writeln!(out, "          {}", summary::whose(&turn.sentence))?;
        if turn.is_worse() {
            writeln!(out, "          {}", inert(&turn.because))?;
        }
    }
    Ok(())
}

fn how(turn: &VerdictChange) -> &'static str {
    match (turn.before, turn.after) {
        (None, _) => "new",
        (_, None) => "gone",
        _ if turn.is_worse() => "worse",
        _ if turn.is_better() => "better",
        _ => "same",
    }
}

fn list(out: &mut String, title: &str, lines: impl Iterator<Item = String>) -> std::fmt::Result {
    let lines: Vec<String> = lines.collect();
    if !lines.is_empty() {
        writeln!(out, "\n{title}")?;
    }
    lines.iter().try_for_each(|line| writeln!(out, "  {line}"))
}
