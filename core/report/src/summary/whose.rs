//! Whose words a sentence is, and whose product a subject is. Every format says
//! both beside what it shows: nobody may be accused in words that are ours, nor
//! by a program that is.

use audit::Audit;
use judge::{Sentence, SentenceClass};

use crate::sanitize::inert;

/// What stands on every page about a simulation, and in every file.
pub(crate) const SIMULATION: &str = "Candor’s own simulation of a documented case: it does what the case describes, so that \
     Candor can be tested. Nothing here was seen of any maker’s product.";

/// That the subject is a simulation, if it is.
pub(crate) fn simulation(audit: &Audit) -> Option<&'static str> {
    audit.simulation.then_some(SIMULATION)
}

/// The sentence; only what a maker said itself stands in quotation marks.
pub(crate) fn sentence(sentence: &Sentence) -> String {
    inert(&sentence.shown()).into_owned()
}

/// `expectation, in Candor’s words: BroDroid …, 2024, https://…`
pub(crate) fn whose(sentence: &Sentence) -> String {
    inert(&sentence.whose()).into_owned()
}

/// What was tested, where the words of the sentence do not say it themselves.
pub(crate) fn tested(sentence: &Sentence) -> Option<String> {
    (sentence.class != SentenceClass::Expectation)
        .then(|| inert(&sentence.tested).into_owned())
        .filter(|tested| !tested.is_empty())
}
