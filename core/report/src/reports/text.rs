//! For a terminal of 80 columns or more: the verdicts first, then what left,
//! then how we know, then what we could not see.

mod lay;

mod paint;

use audit::Audit;
use judge::{Identifier, Outcome, SwitchPosition, Verdict};
use model::{Guise, Initiator};

use self::lay::{TextSheet, padded};
use crate::{
    sanitize::{inert, inert_head},
    summary::{self, DestinationRow, RecipientTable, SightingGroup},
    wording::{bytes, count, country, date, gap, percent, sentence, thousands},
};

pub use paint::TextColor;

/// The whole report as text, without colour.
pub fn text(audit: &Audit) -> String {
    painted(audit, TextColor::None)
}

/// The whole report as text, in colour where the reader can see it.
pub fn painted(audit: &Audit, paint: TextColor) -> String {
    let mut sheet = TextSheet::new(paint);
    head(&mut sheet, audit);
    verdicts(&mut sheet, audit);
    combinations(&mut sheet, audit);
    destinations(&mut sheet, audit);
    seats(&mut sheet, audit);
    findings(&mut sheet, audit);
    identifiers(&mut sheet, audit);
    unseen(&mut sheet, audit);
    foot(&mut sheet, audit);
    sheet.done()
}

fn head(sheet: &mut TextSheet, audit: &Audit) {
    let when = audit.run.as_ref().map(|run| format!(" · {}", date(run.started))).unwrap_or_default();
    sheet.line(&format!("{}{}", sheet.bold(&summary::subject(audit)), sheet.dim(&when)));
    if let Some(simulation) = summary::simulation(audit) {
        sheet.text(0, &format!("SIMULATION: {simulation}"));
    }
    sheet.text(0, &summary::done(audit).join(" "));
    if let Some(early) = &audit.early {
        sheet.text(0, &format!("Ended early: {}", inert(early)));
    }
}

fn verdicts(sheet: &mut TextSheet, audit: &Audit) {
    if audit.verdicts.is_empty() {
        return;
    }
    sheet.title("PROMISES AND EXPECTATIONS", "");
    sheet.text(2, &summary::score(audit));
    for verdict in summary::by_gravity(audit) {
        promise(sheet, audit, verdict);
    }
}

fn promise(sheet: &mut TextSheet, audit: &Audit, verdict: &Verdict) {
    let mark = summary::mark(verdict.outcome);
    let word = format!("{mark} {:<8}", verdict.outcome.plainly().to_uppercase());
    let word = sheet.verdict(verdict.outcome, &word);
    sheet.hanging(2, &word, 13, &summary::sentence(&verdict.sentence));
    sheet.faint(13, &summary::whose(&verdict.sentence));
    if let Some(tested) = summary::tested(&verdict.sentence) {
        sheet.faint(13, &format!("tested: {tested}"));
    }
    sheet.text(13, &sentence(&inert(&verdict.because)));
    let Some(spotted) = verdict.evidence.first().and_then(|first| audit.spotted.get(*first)) else { return };
    let more = match verdict.evidence.len() {
        1 => String::new(),
        n => format!(", the first of {}", thousands(n as u64)),
    };
    sheet.text(13, &format!("evidence: request {}{more}", spotted.seen.sighting.exchange));
    sheet.trail(15, &spotted.seen.sighting.trail.to_string());
}

fn combinations(sheet: &mut TextSheet, audit: &Audit) {
    if audit.combinations.is_empty() {
        return;
    }
    sheet.title("WHAT EACH SETTING TOLD", "");
    for one in &audit.combinations {
        let (mark, word) = if one.told > 0 { ("✗ told", Outcome::Broken) } else { ("· nothing", Outcome::Untested) };
        let mark = sheet.verdict(word, &format!("{mark:<10}"));
        sheet.hanging(2, &mark, 13, &summary::setting(one));
        let to = if one.told > 0 { format!(", to {}", summary::told_to(audit, one)) } else { String::new() };
        let (acts, installs) = (count(u64::from(one.acts), "act"), count(u64::from(one.installs), "install"));
        // Said here only where the positions do not say it themselves.
        let thrown = one.standing.iter().any(|standing| !matches!(standing.position, SwitchPosition::Default(_)));
        let installed = if one.as_installed == Some(true) && thrown { "as installed; " } else { "" };
        sheet.text(13, &format!("{installed}{} of {acts} in {installs}{to}", one.told));
    }
}

fn destinations(sheet: &mut TextSheet, audit: &Audit) {
    let whom = RecipientTable::of(audit);
    sheet.title("WHAT IT SENT BY ITSELF, TO WHOM", "");
    if whom.owners.is_empty() {
        sheet.text(2, "nothing was seen");
    } else {
        let columns = format!("{:<51}{:>6}{:>9}{:>7}{:>6}", "", "sent", "", "unread", "seen");
        sheet.line(&sheet.dim(&columns));
    }
    for owner in &whom.owners {
        let seat = owner.seat.map(|seat| format!(", {}", country(seat))).unwrap_or_default();
        let name = owner.name.map_or_else(|| "nobody on record".to_owned(), |name| inert(name).into_owned());
        sheet.line(&format!("  {}{}", sheet.bold(&name), sheet.dim(&seat)));
        owner.rows.iter().for_each(|row| host(sheet, row));
    }
    if whom.by_pages > 0 {
        let sites =
            if whom.visited > 0 { format!(" ({} it was sent to)", count(whom.visited, "site")) } else { String::new() };
        sheet.text(2, &format!("Not counted: {} that pages asked for{sites}.", count(whom.by_pages, "request")));
    }
}

fn seats(sheet: &mut TextSheet, audit: &Audit) {
    let seats = summary::seats(audit);
    if seats.is_empty() {
        return;
    }
    sheet.title("WHERE IT WENT", "");
    for seat in seats {
        let seen = if seat.seen > 0 { format!(", {} recognised", thousands(seat.seen)) } else { String::new() };
        let owners = crate::wording::listed(&seat.owners);
        sheet.hanging(
            2,
            &format!("{:<16}", seat.name()),
            19,
            &format!("{owners}: {}{seen}", count(seat.requests, "request")),
        );
    }
    sheet.faint(2, summary::servers(audit));
}

/// A host with what it was sent; a long name stands on a line of its own.
fn host(sheet: &mut TextSheet, row: &DestinationRow<'_>) {
    let mut host = inert_head(&row.to.host, 72);
    if host.chars().count() > HOST {
        sheet.line(&format!("    {host}"));
        host.clear();
    }
    let number = |n: u64, width: usize| padded(&if n == 0 { "·".to_owned() } else { thousands(n) }, width);
    let unread = sheet.dim(&number(row.tally.sealed, 7));
    let seen = number(row.seen, 6);
    let seen = if row.seen == 0 { sheet.dim(&seen) } else { sheet.loud(&seen) };
    sheet.line(&format!(
        "    {host:<HOST$} {:<14}{:>6}{:>9}{unread}{seen}",
        row.to.purpose.word(),
        thousands(row.requests),
        bytes(row.bytes),
    ));
}

/// Columns for a host.
const HOST: usize = 32;

fn findings(sheet: &mut TextSheet, audit: &Audit) {
    let found = summary::telling(audit);
    sheet.title("FINDINGS", &if found.is_empty() { "none".to_owned() } else { String::new() });
    for finding in found {
        let severity = format!("{:<9}", finding.severity.word());
        let severity = sheet.severity(finding.severity, &severity);
        sheet.hanging(2, &severity, 11, &sheet.bold(&finding.code));
        sheet.text(11, &inert(&finding.says));
        if let Some(line) = audit.disclosed(finding) {
            sheet.text(11, &format!("disclosed: {}", inert(line)));
        }
        let groups = summary::alike(audit, &finding.sightings);
        let shown = summary::shown_groups(finding, GROUPS);
        for group in groups.iter().take(shown) {
            alike(sheet, audit, group);
        }
        if groups.len() > shown {
            sheet.text(11, &format!("and {}", count((groups.len() - shown) as u64, "more place")));
        }
        phases(sheet, &finding.phases);
    }
}

/// Different places that a finding shows; the rest is in the other formats.
const GROUPS: usize = 3;

fn alike(sheet: &mut TextSheet, audit: &Audit, group: &SightingGroup) {
    let Some(spotted) = group.members.first().and_then(|first| audit.spotted.get(*first)) else { return };
    let sighting = &spotted.seen.sighting;
    sheet.trail(11, &format!("{}× {}", group.members.len(), group.place));
    let guise = match &sighting.guise {
        Guise::Plain => String::new(),
        Guise::Digest(name) => format!(" as {}", inert(name)),
    };
    let sender = match spotted.seen.side.side {
        Initiator::Unknown => ", sender unknown",
        _ => "",
    };
    let weak = if sighting.weak { ", weak" } else { "" };
    let program = group.program(audit).map(|program| format!(", {program}")).unwrap_or_default();
    let value = sheet.loud(&group.value(audit, 60));
    sheet.line(&format!("             = {value}"));
    if !(guise.is_empty() && sender.is_empty() && weak.is_empty() && program.is_empty()) {
        sheet.text(15, format!("{guise}{program}{sender}{weak}").trim_start_matches([' ', ',']));
    }
}

fn phases(sheet: &mut TextSheet, phases: &[String]) {
    if phases.is_empty() {
        return;
    }
    let shown: Vec<String> = phases.iter().take(6).map(|phase| inert(phase).into_owned()).collect();
    let more = match phases.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let told = format!("in {}{more}", shown.join(", "));
    sheet.faint(11, &told);
}

fn identifiers(sheet: &mut TextSheet, audit: &Audit) {
    if audit.identifiers.is_empty() {
        return;
    }
    sheet.title("IDENTIFIERS", "");
    for Identifier { host, place, scope, exchanges, installs, .. } in &audit.identifiers {
        let word = format!("{:<11}", scope.word());
        sheet.hanging(2, &word, 13, &inert(host));
        sheet.trail(13, place);
        let requests = count(exchanges.len() as u64, "request");
        let told =
            format!("the same in two sessions, told apart in {}; in {requests}", count(*installs as u64, "install"));
        sheet.faint(13, &told);
    }
}

fn unseen(sheet: &mut TextSheet, audit: &Audit) {
    let told = summary::untold(audit);
    if told.is_empty() && audit.gaps.is_empty() {
        return;
    }
    sheet.title("NOT SEEN", "");
    for one in &told {
        sheet.hanging(2, "–", 4, one);
    }
    for (why, times) in summary::gaps(audit) {
        sheet.hanging(2, "–", 4, &format!("{}: {}.", count(times, "gap"), gap(why)));
        let of_it = audit.gaps.iter().filter(|(_, gap)| gap.why == why && audit.run.is_none());
        for (_, gap) in of_it.take(GAPS_SHOWN) {
            sheet.faint(4, &inert_head(&format!("{}: {}", gap.place, gap.says), 200));
        }
    }
}

/// Gaps of each sort that are named one by one.
const GAPS_SHOWN: usize = 5;

fn foot(sheet: &mut TextSheet, audit: &Audit) {
    sheet.title("HOW WE KNOW", "");
    let coverage = &audit.coverage;
    let share = coverage.bytes_read as f64 / coverage.bytes.max(1) as f64;
    let (requests, lookups) = summary::requests_and_lookups(audit);
    let mut seen = format!(
        "{}: {} read, {} sealed; {} of {} looked at ({})",
        count(requests, "request"),
        thousands(coverage.read.saturating_sub(lookups)),
        thousands(coverage.sealed),
        bytes(coverage.bytes_read),
        bytes(coverage.bytes),
        percent(share)
    );
    if lookups > 0 {
        seen += &format!("; and {} of names", count(lookups, "lookup"));
    }
    sheet.hanging(2, "seen", 13, &seen);
    let (planted, hits) = summary::decoys(audit);
    if planted > 0 {
        let told = match hits {
            0 => format!("{planted} planted, none seen: no false alarm"),
            hits => format!("{planted} planted, {hits} seen: DO NOT TRUST THIS RUN"),
        };
        sheet.hanging(2, "decoys", 13, &told);
    }
    for line in summary::control(audit) {
        sheet.hanging(2, "control", 13, &line);
    }
    if let Some(run) = &audit.run {
        sheet.hanging(2, "scenario", 13, &format!("{}, seed {}", inert(&run.scenario), run.seed));
        sheet.hanging(2, "on", 13, &inert(&run.host));
        for condition in summary::conditions(audit) {
            sheet.hanging(2, "condition", 13, &condition);
        }
        for (label, says) in summary::in_force(audit) {
            sheet.hanging(2, label, 13, &says);
        }
    }
    for capture in &audit.captures {
        let is_evidence = capture.format == "candor";
        sheet.hanging(2, "capture", 13, &format!("{} ({})", inert(&capture.source), inert(&capture.format)));
        sheet.hanging(2, if is_evidence { "head" } else { "sha256" }, 13, &inert(&capture.sha256));
        if is_evidence {
            sheet.hanging(2, "check it", 13, &format!("candor verify {} --head", inert(&capture.source)));
            sheet.text(15, &inert(&capture.sha256));
        }
    }
}
