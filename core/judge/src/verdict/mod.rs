//! Judges promises, expectations and questions of law, and gives each its own outcome.
//!
//! *Broken* needs one sighting that can be replayed. *Kept* needs that the act was done often
//! enough, that the controls passed, and that no unreadable traffic could hide a breach. It states
//! the rate of breaches that could still go unseen. Everything else is *unclear* and names the
//! obstacle, or *untested* and says why. A verdict never says "proven private".

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

/// Acts and installs that are needed before a promise is called kept.
const VISITS: u32 = 30;
const INSTALLS: u32 = 5;

/// The verdict on one promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub promise: String,
    /// The sentence that was judged, with its source.
    pub sentence: Sentence,
    pub outcome: Outcome,
    /// One sentence with the evidence or what stood in the way.
    pub because: String,
    /// Indices of the case's sightings that prove a breach.
    pub evidence: Vec<usize>,
    /// Exchanges of the run that prove a breach without a sighting.
    pub requests: Vec<u64>,
    /// Number of acts that could have broken the promise.
    pub visits: u32,
    /// Number of acts that were reported to a host that must not get them.
    pub told: u32,
    pub installs: u32,
    /// For *kept*: a leak at more than this share of acts would have been seen, with 95 %
    /// confidence.
    pub bound: Option<f64>,
    /// For *kept*: if more than this share of installs leaked at each act, a leak would have been
    /// seen.
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
        // A phone without a browser cannot break a promise about visited pages.
        .filter(|promise| {
            case.subject().is_none_or(|subject| subject.driver != SubjectDriver::Phone) || is_about_phones(promise)
        })
        .filter(|promise| !run.is_by_hand() || is_about_anything(promise));
    about.map(|promise| in_its_own_words(verdict(case, promise, &instruments))).collect()
}

/// Translates the outcome for the class of the sentence. Only a maker's promise is broken or kept.
/// For a question of law the facts are reported, and the answer is left to an authority.
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

/// Whether a promise can be judged although the maker and the installation of the subject are not
/// known.
fn is_about_anything(promise: &Promise) -> bool {
    !promise.names_the_maker() && !promise.when.switch.iter().any(|word| word == "default")
}

fn is_about_phones(promise: &Promise) -> bool {
    promise.kinds().iter().any(|kind| ["folder", "screen-name", "file-path"].contains(&kind.as_str()))
}

/// Why the maker of a subject without a description is not known.
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
