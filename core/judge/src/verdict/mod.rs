//! Promises, expectations and questions of law, each by its own words.
//!
//! *Broken* needs one sighting that can be replayed. *Kept* needs that the act
//! was done often enough, that the controls behaved, and that nothing which
//! could not be read stands in the way; it says how much it still leaves open.
//! Everything else is *unclear* and says what stood in the way, or *untested*
//! and says why. Never "proven private".

mod scope;

mod applies;

mod required;

mod lasting;

mod obstacles;

mod unexplained;

mod sentences;

use knowledge::{
    promises::{Assertion, Promise, Sentence, SentenceClass},
    subjects::SubjectDriver,
};
use model::SubjectOrigin;

use crate::{InstrumentCache, JudgeInput, Outcome, upper_bound};
use scope::PromisePhases;

/// Visits and installs without which nothing is called kept.
const VISITS: u32 = 30;
const INSTALLS: u32 = 5;

/// What became of a promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub promise: String,
    /// What it is about, and whose words these are.
    pub sentence: Sentence,
    pub outcome: Outcome,
    /// One sentence with the evidence or what stood in the way.
    pub because: String,
    /// Which of the case's sightings show it.
    pub evidence: Vec<usize>,
    /// Exchanges of the run that show it where no sighting does.
    pub requests: Vec<u64>,
    /// Acts that could have broken it.
    pub visits: u32,
    /// Of how many of them somebody was told who must not know.
    pub told: u32,
    pub installs: u32,
    /// For *kept*: the share of acts above which a leak would have shown, 95 %.
    pub bound: Option<f64>,
    /// For *kept*: the share of installs above which one that leaks at each act would have shown.
    pub bound_of_installs: Option<f64>,
}

/// The verdict on each promise that is about the subject.
pub fn verdicts(case: &JudgeInput<'_>) -> Vec<Verdict> {
    let Some(run) = case.run else { return vec![] };
    let instruments = InstrumentCache::of(case);
    let about = case
        .knowledge
        .promises
        .iter()
        .filter(|promise| promise.is_about(&run.subject.name, run.subject.edition.as_deref()))
        // A phone without a browser can break no promise about what is visited.
        .filter(|promise| {
            case.subject().is_none_or(|subject| subject.driver != SubjectDriver::Phone) || is_about_phones(promise)
        })
        .filter(|promise| !run.is_by_hand() || is_about_anything(promise));
    about.map(|promise| in_its_own_words(verdict(case, promise, &instruments))).collect()
}

/// Only a maker's promise is broken or kept. What is seen about a question of
/// law is handed on, and the answer left to others.
fn in_its_own_words(verdict: Verdict) -> Verdict {
    let outcome = match (verdict.sentence.class, verdict.outcome) {
        (SentenceClass::Expectation, Outcome::Broken) => Outcome::NotMet,
        (SentenceClass::Expectation, Outcome::Kept) => Outcome::Met,
        (SentenceClass::Law, _) => Outcome::ForAuthority,
        (_, outcome) => outcome,
    };
    let because = match outcome {
        Outcome::ForAuthority => format!("what was seen, and no answer: {}", verdict.because),
        _ => verdict.because,
    };
    Verdict { outcome, because, ..verdict }
}

/// What can be judged where nobody knows who made it, nor how it came.
fn is_about_anything(promise: &Promise) -> bool {
    !promise.names_the_maker() && !promise.when.switch.iter().any(|word| word == "default")
}

fn is_about_phones(promise: &Promise) -> bool {
    promise.kinds().iter().any(|kind| ["folder", "screen-name", "file-path"].contains(&kind.as_str()))
}

/// Why it is not known who made a subject that nobody described.
fn who_made(name: &str) -> String {
    let by = match SubjectOrigin::of(name) {
        SubjectOrigin::App(package) => {
            return format!("who makes the app {package} is not known to Candor, which knows few apps.");
        }
        SubjectOrigin::Path(_) => "it was named by its path",
        SubjectOrigin::CommandLine(_) => "it was named by its command line",
        SubjectOrigin::Described(_) => "it is described in other knowledge than what this was judged with",
    };
    format!("who makes this program is not known to Candor: {by}.")
}

fn verdict(case: &JudgeInput<'_>, promise: &Promise, instruments: &InstrumentCache<'_>) -> Verdict {
    let scope = PromisePhases::of(case, promise);
    let said = |outcome, because: String| Verdict {
        promise: promise.id.clone(),
        sentence: promise.sentence.clone(),
        outcome,
        because,
        evidence: vec![],
        requests: vec![],
        visits: scope.exercised.acts(),
        told: 0,
        installs: scope.exercised.installs(case),
        bound: None,
        bound_of_installs: None,
    };
    if let Assertion::Untestable(why) = &promise.claim {
        return said(Outcome::Untestable, format!("{}.", why.trim_end_matches('.')));
    }
    if let Some(because) = applies::says_nothing(case, promise) {
        return said(Outcome::Untested, because);
    }
    if let Assertion::Must(must) = &promise.claim {
        let required = scope.required(must);
        let (visits, installs) = (required.events.acts(), required.events.installs(case));
        let kept = required.outcome == Outcome::Kept;
        let (bound, bound_of_installs) = (kept.then(|| upper_bound(visits)), kept.then(|| upper_bound(installs)));
        let verdict = said(required.outcome, required.because);
        return Verdict { visits, told: required.missed, installs, bound, bound_of_installs, ..verdict };
    }
    if promise.names_the_maker() && case.subject().is_none() {
        return said(Outcome::Untested, who_made(case.run.map_or("", |run| &run.subject.name)));
    }
    let (breaches, lasting) = (scope.breaches(), scope.lasting());
    let requests: Vec<u64> = lasting.requests().into_iter().collect();
    if !breaches.broken.is_empty() || !requests.is_empty() {
        let count = scope.told_by(&breaches.broken);
        let seen = (!breaches.broken.is_empty()).then(|| scope.accusation(&breaches, &count));
        let because = lasting::together([seen, lasting.says().map(|says| format!("{says}."))]);
        let (visits, installs) = (count.acts(), count.installs(case));
        let told = count.told().max(scope.starts_of(&lasting.requests()));
        let verdict = said(Outcome::Broken, because);
        return Verdict { evidence: breaches.broken, requests, visits, told, installs, ..verdict };
    }
    if let Some(host) = &lasting.unknown {
        return said(
            Outcome::Unclear,
            format!("{host} was sent an identifier that stays, and who sent that is unknown."),
        );
    }
    if let Some(because) = scope.untested(&breaches) {
        return said(Outcome::Untested, because);
    }
    if let Some((because, evidence)) = scope.hidden(&breaches, instruments) {
        return Verdict { evidence, ..said(Outcome::Unclear, because) };
    }
    if let Some(because) = scope.vacuous(&breaches) {
        return said(Outcome::Vacuous, because);
    }
    if let Some(because) = scope.unproven(instruments) {
        return said(Outcome::Unclear, because);
    }
    let because = scope.acquittal(instruments);
    let verdict = said(Outcome::Kept, because);
    let (bound, bound_of_installs) = (Some(upper_bound(verdict.visits)), Some(upper_bound(verdict.installs)));
    Verdict { bound, bound_of_installs, ..verdict }
}

#[cfg(test)]
mod tests {
    use super::who_made;

    #[test]
    fn a_maker_that_nobody_knows_is_said_by_what_was_audited() {
        for (name, says) in [
            ("android:org.example.web", "the app org.example.web is not known to Candor, which knows few apps."),
            ("/opt/some/browser", "this program is not known to Candor: it was named by its path."),
            ("falkon by command line", "this program is not known to Candor: it was named by its command line."),
            ("own-browser", "is described in other knowledge than what this was judged with."),
        ] {
            assert!(who_made(name).ends_with(says), "{}", who_made(name));
        }
    }
}
