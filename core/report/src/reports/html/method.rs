//! How it was done, under which conditions, and how to check it.

use audit::Audit;
use maud::{Markup, html};
use model::{Run, Trial};

use super::PageSection;
use crate::{
    sanitize::inert,
    summary,
    wording::{count, date},
};

pub(super) fn section(audit: &Audit) -> Option<PageSection> {
    let content = html! {
        ol .steps {
            li { b { "A room without a way out." } " The program runs in a network of its own. Whatever it sends arrives at Candor, even what goes past the proxy." }
            li { b { "Values that exist nowhere else." } " Every address, search and text was made up for this run. Where one turns up, it came from here." }
            li { b { "Pages of our own." } " What a page asks for is known to the last picture. What goes elsewhere comes from the program." }
            li { b { "Layer by layer." } " Each request is unwrapped until nothing opens any more; then Candor looks for the values, plain and as digests." }
            li { b { "Controls." } " A run without visits shows what is sent anyway; decoys that were never used show false alarms of ours." }
        }
        (decoys(audit))
        @if let Some((all, factors)) = summary::control(audit).split_first() {
            p { "Control: " (all) "." }
            ul { @for line in factors { li { (line) } } }
        }
        @if let Some(run) = &audit.run { (conditions(audit, run)) }
        @if !audit.trials.is_empty() { (trials(audit)) }
    };
    let title = if audit.run.is_some() { "How this was done" } else { "How Candor looks" };
    Some(PageSection { id: "method", title, short: "Method", content })
}

fn decoys(audit: &Audit) -> Markup {
    let (planted, hits) = summary::decoys(audit);
    html! {
        @if planted > 0 {
            p .decoys .bad[hits > 0] {
                @if hits == 0 { "✓ " (count(planted as u64, "decoy")) " planted, none seen: no false alarm." }
                @else { "✗ " (count(planted as u64, "decoy")) " planted, " (hits) " seen: do not trust this run." }
            }
        }
    }
}

fn conditions(audit: &Audit, run: &Run) -> Markup {
    html! {
        h3 { "Conditions" }
        ul { @for condition in summary::conditions(audit) { li { (condition) } } }
        dl .facts-table {
            dt { "Subject" } dd { (inert(&run.subject.name))
                @if let Some(edition) = &run.subject.edition { ", edition " (inert(edition)) }
                @if !run.subject.version.is_empty() { ", version " (inert(&run.subject.version)) } }
            dt { "Its digest" } dd { code { (inert(&run.subject.digest)) } }
            dt { "Scenario" } dd { (inert(&run.scenario)) ", seed " code { (run.seed) } }
            dt { "Ran on" } dd { (inert(&run.host)) }
            dt { "Started" } dd { (date(run.started)) }
            @for (label, says) in summary::in_force(audit) { dt { (capital(label)) } dd { (says) } }
            dt { "Candor" } dd { (inert(&run.candor)) ", knowledge " code { (inert(&run.knowledge)) } }
        }
    }
}

/// `package` → `Package`
fn capital(label: &str) -> String {
    let mut letters = label.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn trials(audit: &Audit) -> Markup {
    html! {
        h3 { "Trials" }
        div .scroll role="region" aria-label="Trials" tabindex="0" {
            table .plain {
                thead { tr { th scope="col" { "Trial" } th scope="col" { "Mode" } th scope="col" { "Install" }
                    th scope="col" { "Switches" } th scope="col" { "Steps" } th scope="col" { "End" } } }
                tbody {
                    @for trial in &audit.trials {
                        tr {
                            th scope="row" { (trial.id) }
                            td { (mode(trial)) }
                            td { (trial.install) }
                            td { (switches(trial)) }
                            td .n { (audit.phases.iter().filter(|phase| phase.trial == trial.id).count()) }
                            td { @match &trial.failed { None => "done", Some(why) => { "failed: " (inert(why)) } } }
                        }
                    }
                }
            }
        }
    }
}

fn mode(trial: &Trial) -> &'static str {
    if trial.arm.blank { "without visits" } else { trial.arm.mode.word() }
}

fn switches(trial: &Trial) -> String {
    let told: Vec<String> = trial
        .arm
        .switches
        .iter()
        .map(|switch| format!("{}: {}", inert(&switch.name), inert(&switch.position)))
        .collect();
    if told.is_empty() { "as installed".into() } else { told.join(", ") }
}

/// The head of the evidence, and how to check that this is it.
pub(super) fn footer(audit: &Audit) -> Markup {
    html! {
        footer {
            @for capture in &audit.captures {
                @let is_evidence = capture.format == "candor";
                div .seal {
                    p { b { (inert(&capture.source)) } ", " (count(capture.exchanges, "recorded exchange")) }
                    p { @if is_evidence { "Head of the evidence" } @else { "SHA-256 of the capture" } ": " code { (inert(&capture.sha256)) } }
                    @if is_evidence {
                        p { "To check that nothing was changed since:" }
                        pre { code { "candor verify " (inert(&capture.source)) " --head " (inert(&capture.sha256)) } }
                    }
                }
            }
            p .fine { "Made by Candor " (env!("CARGO_PKG_VERSION")) ". This file loads nothing and runs nothing. It holds what was captured: share it with care." }
        }
    }
}
