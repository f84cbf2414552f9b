//! Promises, expectations and questions of law, each by its own words.
//!
//! *Broken* needs one sighting that can be replayed. *Kept* needs that the act
//! was done often enough, that the controls behaved, and that nothing which
//! could not be read stands in the way; it says how much it still leaves open.
//! Everything else is *unclear* and says what stood in the way, or *untested*
//! and says why. Never "proven private".

mod scope;

mod obstacles;

mod sentences;

use knowledge::{
    promises::{Class, Promise, Sentence},
    subjects::ANDROID,
};

use crate::{Case, Dependence, Outcome, Reference, dependence, reference, upper_bound};
use scope::Scope;

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
pub fn verdicts(case: &Case<'_>) -> Vec<Verdict> {
    let Some(run) = case.run else { return vec![] };
    let (dependence, reference) = (dependence(case), reference(case));
    let about = case
        .knowledge
        .promises
        .iter()
        .filter(|promise| promise.is_about(&run.subject.name, run.subject.edition.as_deref()))
        // A phone without a browser can break no promise about what is visited.
        .filter(|promise| case.subject().is_none_or(|subject| subject.driver != "phone") || is_about_phones(promise))
        .filter(|promise| !run.is_by_hand() || is_about_anything(promise));
    about.map(|promise| in_its_own_words(verdict(case, promise, &dependence, &reference))).collect()
}

/// Only a maker's promise is broken or kept. What is seen about a question of
/// law is handed on, and the answer left to others.
fn in_its_own_words(verdict: Verdict) -> Verdict {
    let outcome = match (verdict.sentence.class, verdict.outcome) {
        (Class::Expectation, Outcome::Broken) => Outcome::NotMet,
        (Class::Expectation, Outcome::Kept) => Outcome::Met,
        (Class::Law, _) => Outcome::ForAuthority,
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
    if let Some(package) = name.strip_prefix(ANDROID) {
        return format!("who makes the app {package} is not known to Candor, which knows few apps.");
    }
    let by = match name {
        _ if name.contains('/') => "it was named by its path",
        _ if name.ends_with(" by command line") => "it was named by its command line",
        _ => "it is described in other knowledge than what this was judged with",
    };
    format!("who makes this program is not known to Candor: {by}.")
}

fn verdict(case: &Case<'_>, promise: &Promise, dependence: &Dependence, reference: &Reference) -> Verdict {
    let scope = Scope::of(case, promise, reference);
    let said = |outcome, because: String| Verdict {
        promise: promise.id.clone(),
        sentence: promise.sentence.clone(),
        outcome,
        because,
        evidence: vec![],
        visits: scope.exercised.acts(),
        told: 0,
        installs: scope.exercised.installs(case),
        bound: None,
        bound_of_installs: None,
    };
    if promise.names_the_maker() && case.subject().is_none() {
        return said(Outcome::Untested, who_made(case.run.map_or("", |run| &run.subject.name)));
    }
    let breaches = scope.breaches();
    if !breaches.broken.is_empty() {
        let count = scope.told_by(&breaches.broken);
        let because = scope.accusation(&breaches.broken, &count);
        let (visits, told, installs) = (count.acts(), count.told(), count.installs(case));
        return Verdict { evidence: breaches.broken, visits, told, installs, ..said(Outcome::Broken, because) };
    }
    if let Some(because) = scope.untested(&breaches) {
        return said(Outcome::Untested, because);
    }
    if let Some(because) = scope.unclear(&breaches, dependence) {
        return Verdict { evidence: breaches.unknown, ..said(Outcome::Unclear, because) };
    }
    let because = scope.acquittal();
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
