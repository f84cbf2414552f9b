//! For a terminal: the verdicts first, then what left, then how we know.

use std::fmt::Write;

use audit::Audit;
use judge::Word;
use model::Side;

/// The whole report as text.
pub fn text(audit: &Audit) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, audit);
    out
}

fn write(out: &mut String, audit: &Audit) -> std::fmt::Result {
    head(out, audit)?;
    verdicts(out, audit)?;
    destinations(out, audit)?;
    sightings(out, audit)?;
    identifiers(out, audit)?;
    foot(out, audit)
}

fn head(out: &mut String, audit: &Audit) -> std::fmt::Result {
    if let Some(run) = &audit.run {
        let edition = run.subject.edition.as_ref().map(|edition| format!(" {edition}")).unwrap_or_default();
        writeln!(out, "\n{}{edition} {}, {}", run.subject.name, run.subject.version, run.started)?;
        writeln!(out, "scenario {}, seed {}, on {}", run.scenario, run.seed, run.host)?;
        for condition in &run.conditions {
            writeln!(out, "condition: {condition}")?;
        }
        if !run.bypass_watched {
            writeln!(out, "condition: traffic past the proxy was not watched")?;
        }
    }
    if let Some(early) = &audit.early {
        writeln!(out, "ended early: {early}")?;
    }
    Ok(())
}

fn verdicts(out: &mut String, audit: &Audit) -> std::fmt::Result {
    if audit.verdicts.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nPROMISES")?;
    for verdict in &audit.verdicts {
        let mark = match verdict.word {
            Word::Broken => "✗",
            Word::Kept => "✓",
            Word::Unclear => "?",
            Word::Untested => "–",
        };
        writeln!(out, "  {mark} {:<8} “{}”", verdict.word.word(), verdict.quote)?;
        writeln!(out, "    {}", verdict.because)?;
        if let Some(first) = verdict.evidence.first() {
            let spotted = &audit.spotted[*first];
            writeln!(
                out,
                "    evidence: exchange {}, {}",
                spotted.seen.sighting.exchange, spotted.seen.sighting.trail
            )?;
        }
    }
    Ok(())
}

fn destinations(out: &mut String, audit: &Audit) -> std::fmt::Result {
    writeln!(out, "\nWHAT LEFT, TO WHOM")?;
    let mut rows: Vec<usize> =
        (0..audit.destinations.len()).filter(|i| audit.tallies[*i].requests > audit.tallies[*i].page).collect();
    rows.sort_by_key(|i| std::cmp::Reverse((audit.tallies[*i].sightings, audit.tallies[*i].requests)));
    for i in rows {
        let (destination, tally) = (&audit.destinations[i], &audit.tallies[i]);
        let owner = destination.owner.as_deref().unwrap_or("unknown owner");
        let seat = destination.seat.as_deref().unwrap_or("–");
        writeln!(
            out,
            "  {:<44} {owner} ({seat}), {}: {} requests, {} bytes{}{}",
            destination.host,
            destination.purpose.word(),
            tally.requests,
            tally.bytes,
            if tally.sealed > 0 { format!(", {} sealed", tally.sealed) } else { String::new() },
            if tally.sightings > 0 { format!(", {} sightings", tally.sightings) } else { String::new() },
        )?;
    }
    Ok(())
}

fn sightings(out: &mut String, audit: &Audit) -> std::fmt::Result {
    let own = audit.findings.iter().filter(|finding| !finding.sightings.is_empty());
    writeln!(out, "\nFINDINGS")?;
    for finding in own {
        writeln!(out, "  {:<8} {}: {}", finding.severity.word(), finding.code, finding.says)?;
        for i in finding.sightings.iter().take(3) {
            let spotted = &audit.spotted[*i];
            let sighting = &spotted.seen.sighting;
            let side = if spotted.seen.side.side == Side::Unknown { ", sender unknown" } else { "" };
            writeln!(out, "           {} ▸ {}, {}{side}", sighting.exchange, sighting.trail, sighting.guise)?;
        }
        if !finding.phases.is_empty() {
            let shown: Vec<&str> = finding.phases.iter().map(String::as_str).take(6).collect();
            let more = finding.phases.len().saturating_sub(shown.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            writeln!(out, "           in {}{more}", shown.join(", "))?;
        }
    }
    Ok(())
}

fn identifiers(out: &mut String, audit: &Audit) -> std::fmt::Result {
    if audit.identifiers.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nIDENTIFIERS")?;
    for identifier in &audit.identifiers {
        writeln!(
            out,
            "  {} {} at {}: the same in two sessions, told apart in {} installs",
            identifier.scope.word(),
            identifier.host,
            identifier.place,
            identifier.installs
        )?;
    }
    Ok(())
}

fn foot(out: &mut String, audit: &Audit) -> std::fmt::Result {
    let coverage = &audit.coverage;
    let decoys = audit.spotted.iter().filter(|one| {
        audit
            .plants
            .iter()
            .any(|plant| plant.canary.decoy && Some(&plant.canary.id) == one.seen.sighting.canary.as_ref())
    });
    writeln!(
        out,
        "\n{} exchanges: {} read, {} sealed; {} of {} bytes looked at; {} gaps",
        coverage.exchanges,
        coverage.read,
        coverage.sealed,
        coverage.bytes_read,
        coverage.bytes,
        audit.gaps.len()
    )?;
    let planted = audit.plants.iter().filter(|plant| plant.canary.decoy).count();
    if planted > 0 {
        writeln!(out, "{planted} decoys, {} hits", decoys.count())?;
    }
    for capture in &audit.captures {
        writeln!(out, "{} ({}), {}", capture.source, capture.format, capture.sha256)?;
    }
    Ok(())
}
