//! Markdown (CommonMark with tables), for a pull request: the outcome on the
//! first screen, the rest folded.

use std::fmt::Write;

use audit::Audit;
use judge::Outcome;

use crate::{
    sanitize::inert,
    summary::{self, RecipientTable, alike},
    wording::{bytes, count, country, gap, percent, sentence, thousands},
};

/// Findings and places shown; the rest is in the other formats.
const SHOWN: usize = 10;

/// The outcome, and what it rests on.
pub fn markdown(audit: &Audit) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, audit);
    out
}

fn write(out: &mut String, audit: &Audit) -> std::fmt::Result {
    writeln!(out, "## {}\n", plain(&summary::heading(audit)))?;
    if let Some(simulation) = summary::simulation(audit) {
        writeln!(out, "> **Simulation.** {}\n", plain(simulation))?;
    }
    writeln!(out, "{}\n", plain(&summary::done(audit).join(" ")))?;
    verdicts(out, audit)?;
    combinations(out, audit)?;
    findings(out, audit)?;
    whom(out, audit)?;
    foot(out, audit)
}

fn verdicts(out: &mut String, audit: &Audit) -> std::fmt::Result {
    if audit.verdicts.is_empty() {
        return Ok(());
    }
    writeln!(out, "| | sentence | whose words | because | visits | installs | bound |\n|---|---|---|---|--:|--:|--:|")?;
    for verdict in summary::by_gravity(audit) {
        let mark = match verdict.outcome {
            Outcome::Broken | Outcome::NotMet => "❌",
            Outcome::Kept | Outcome::Met => "✅",
            Outcome::Unclear => "❔",
            Outcome::Untested | Outcome::Untestable => "➖",
            Outcome::Vacuous => "⚪",
            Outcome::ForAuthority => "⚖️",
        };
        let bound = verdict.bound.map(percent).unwrap_or_default();
        writeln!(
            out,
            "| {mark} **{}** | {} | {} | {} | {} | {} | {bound} |",
            verdict.outcome.plainly(),
            plain(&summary::sentence(&verdict.sentence)),
            plain(&summary::whose(&verdict.sentence)),
            plain(&sentence(&verdict.because)),
            verdict.visits,
            verdict.installs
        )?;
    }
    writeln!(out)
}

fn combinations(out: &mut String, audit: &Audit) -> std::fmt::Result {
    if audit.combinations.is_empty() {
        return Ok(());
    }
    writeln!(out, "| setting | acts told | to |\n|---|--:|---|")?;
    for one in &audit.combinations {
        let to = plain(&summary::told_to(audit, one));
        writeln!(out, "| {} | {} of {} | {to} |", plain(&summary::setting(one)), one.told, one.acts)?;
    }
    writeln!(out)
}

fn findings(out: &mut String, audit: &Audit) -> std::fmt::Result {
    let found = summary::telling(audit);
    if found.is_empty() {
        return writeln!(out, "No findings.\n");
    }
    writeln!(out, "### Findings\n")?;
    for finding in found.iter().take(SHOWN) {
        writeln!(out, "- **{}** {}: {}", finding.severity.word(), code(&finding.code), plain(&finding.says))?;
        if let Some(line) = audit.disclosed(finding) {
            writeln!(out, "  - disclosed: {}", plain(line))?;
        }
        for group in alike(audit, &finding.sightings).iter().take(summary::shown_groups(finding, 3)) {
            let program = group.program(audit).map(|program| format!(", {}", plain(&program))).unwrap_or_default();
            let (times, value) = (group.members.len(), group.value(audit, 80));
            writeln!(out, "  - {times}× {} = {}{program}", code(&group.place), code(&value))?;
        }
    }
    if found.len() > SHOWN {
        writeln!(out, "- and {} more", found.len() - SHOWN)?;
    }
    writeln!(out)
}

fn whom(out: &mut String, audit: &Audit) -> std::fmt::Result {
    writeln!(out, "<details><summary>What it sent by itself, to whom</summary>\n")?;
    writeln!(
        out,
        "| host | owner | purpose | requests | bytes | unread | recognised |\n|---|---|---|--:|--:|--:|--:|"
    )?;
    for owner in &RecipientTable::of(audit).owners {
        let seat = owner.seat.map(|seat| format!(", {}", country(seat))).unwrap_or_default();
        let name = owner.name.unwrap_or("not on record");
        for row in &owner.rows {
            writeln!(
                out,
                "| {} | {}{seat} | {} | {} | {} | {} | {} |",
                code(&row.to.host),
                plain(name),
                row.to.purpose.word(),
                thousands(row.requests),
                bytes(row.bytes),
                row.tally.sealed,
                row.seen
            )?;
        }
    }
    writeln!(out, "\n| seat | owners | requests | recognised |\n|---|---|--:|--:|")?;
    for seat in summary::seats(audit) {
        let owners = plain(&crate::wording::listed(&seat.owners));
        writeln!(out, "| {} | {owners} | {} | {} |", plain(seat.name()), thousands(seat.requests), seat.seen)?;
    }
    writeln!(out, "\n{}", plain(summary::servers(audit)))?;
    writeln!(out, "\n</details>\n")
}

fn foot(out: &mut String, audit: &Audit) -> std::fmt::Result {
    writeln!(out, "<details><summary>Conditions, and what this does not say</summary>\n")?;
    let in_force = summary::in_force(audit).into_iter().map(|(label, says)| format!("{label}: {says}"));
    for line in summary::conditions(audit).iter().chain(&in_force.collect::<Vec<_>>()).chain(&summary::untold(audit)) {
        writeln!(out, "- {}", plain(line))?;
    }
    for (why, times) in summary::gaps(audit) {
        writeln!(out, "- {}: {}.", count(times, "gap"), gap(why))?;
    }
    let (planted, hits) = summary::decoys(audit);
    if planted > 0 {
        writeln!(out, "- {} planted, {hits} seen.", count(planted as u64, "decoy"))?;
    }
    for line in summary::control(audit) {
        writeln!(out, "- Control: {line}.")?;
    }
    for capture in &audit.captures {
        writeln!(out, "- {} ({}) {}", code(&capture.source), plain(&capture.format), code(&capture.sha256))?;
    }
    writeln!(out, "\n</details>")
}

/// Text in which nothing is markup, nothing a mention, and nothing ends a cell.
pub(crate) fn plain(text: &str) -> String {
    let mut escaped = String::new();
    for c in inert(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' => escaped.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A captured value as code. GitHub ends table cells at `|` even there.
fn code(text: &str) -> String {
    let text = inert(text).replace('|', "¦");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    if text.is_empty() { "–".into() } else { format!("{fence}{pad}{text}{pad}{fence}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_text_is_no_markup() {
        assert_eq!(plain("<b>@all [x](y) |"), "&lt;b&gt;&#64;all \\[x\\](y) \\|");
        assert_eq!(code("a`b``c|d"), "```a`b``c¦d```");
    }
}
