//! Markdown (CommonMark with tables), for a pull request.

use std::fmt::Write;

use audit::AuditDifference;

use super::{claim, flow, word};
use crate::{reports::markdown::plain, summary};

pub(super) fn markdown(difference: &AuditDifference) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, difference);
    out
}

fn write(out: &mut String, difference: &AuditDifference) -> std::fmt::Result {
    writeln!(out, "## {} → {}\n", plain(&difference.before.subject), plain(&difference.after.subject))?;
    for mark in super::simulated(difference) {
        writeln!(out, "> {}\n", plain(&mark))?;
    }
    for one in &difference.unlike {
        writeln!(out, "> {}\n", plain(one))?;
    }
    writeln!(out, "| | sentence | whose words | before | after |\n|---|---|---|---|---|")?;
    for turn in &difference.turns {
        let mark = match (turn.is_worse(), turn.is_better()) {
            (true, _) => "❌ worse",
            (_, true) => "✅ better",
            _ => "",
        };
        let (sentence, whose) = (plain(&summary::sentence(&turn.sentence)), plain(&summary::whose(&turn.sentence)));
        writeln!(out, "| {mark} | {sentence} | {whose} | {} | {} |", word(turn.before), word(turn.after))?;
    }
    let lists: [(&str, Vec<String>); 4] = [
        ("Began", difference.began.iter().map(flow).collect()),
        ("Stopped", difference.stopped.iter().map(flow).collect()),
        ("New findings", difference.new_findings.iter().map(claim).collect()),
        ("Gone", difference.gone_findings.iter().map(claim).collect()),
    ];
    for (title, lines) in lists.iter().filter(|(_, lines)| !lines.is_empty()) {
        writeln!(out, "\n**{title}**\n")?;
        lines.iter().try_for_each(|line| writeln!(out, "- {}", plain(line)))?;
    }
    Ok(())
}
