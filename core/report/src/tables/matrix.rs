//! Several subjects side by side: a row a promise, a column a subject.

use audit::Audit;
use judge::Sentence;

use super::table;
use crate::{
    sanitize::{inert, inert_head},
    summary,
};

/// Characters of a promise that a row has room for.
const QUOTE: usize = 60;

/// The table; nothing for fewer than two audits.
pub fn matrix(audits: &[Audit]) -> String {
    if audits.len() < 2 {
        return String::new();
    }
    let names: Vec<String> = audits.iter().map(name).collect();
    let mut head = vec!["sentence"];
    head.extend(names.iter().map(String::as_str));
    let mut promises: Vec<(&str, &Sentence)> = Vec::new();
    for verdict in audits.iter().flat_map(|audit| &audit.verdicts) {
        if !promises.iter().any(|(id, _)| *id == verdict.promise) {
            promises.push((&verdict.promise, &verdict.sentence));
        }
    }
    let rows: Vec<Vec<String>> = promises
        .iter()
        .map(|(id, sentence)| {
            let word = |audit: &Audit| {
                let verdict = audit.verdicts.iter().find(|verdict| verdict.promise == *id);
                verdict.map_or("–", |verdict| verdict.outcome.plainly()).to_owned()
            };
            std::iter::once(short(sentence)).chain(audits.iter().map(word)).collect()
        })
        .collect();
    let whose = promises.iter().map(|(_, sentence)| format!("  {}: {}\n", short(sentence), summary::whose(sentence)));
    format!("SIDE BY SIDE\n{}\nWHOSE WORDS\n{}", table(&head, &rows), whose.collect::<String>())
}

/// As much of a sentence as a row has room for.
fn short(sentence: &Sentence) -> String {
    let head = Sentence { words: inert_head(&sentence.words, QUOTE), ..sentence.clone() };
    summary::sentence(&head)
}

fn name(audit: &Audit) -> String {
    let Some(run) = &audit.run else { return "–".to_owned() };
    let name = match &run.subject.edition {
        Some(edition) => format!("{}@{edition}", run.subject.name),
        None => run.subject.name.clone(),
    };
    inert(&name).into_owned()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use judge::{Outcome, Verdict};
    use model::{Run, Subject};

    use super::*;

    fn audit(name: &str, outcomes: &[(&str, Outcome)]) -> Audit {
        let verdict = |(promise, outcome): &(&str, Outcome)| Verdict {
            promise: (*promise).into(),
            sentence: Sentence { words: (*promise).into(), ..Sentence::default() },
            outcome: *outcome,
            because: String::new(),
            evidence: vec![],
            requests: vec![],
            visits: 0,
            told: 0,
            installs: 0,
            bound: None,
            bound_of_installs: None,
        };
        let subject = Subject { name: name.into(), ..Subject::default() };
        let run = Some(Run { subject, ..Run::default() });
        Audit { run, verdicts: outcomes.iter().map(verdict).collect(), ..Audit::default() }
    }

    #[test]
    fn subjects_stand_side_by_side_and_what_was_not_promised_is_a_dash() {
        let one = audit("one", &[("private", Outcome::Broken)]);
        let two = audit("two", &[("private", Outcome::Kept), ("option", Outcome::Unclear)]);
        expect![[r#"
            SIDE BY SIDE
              sentence   one     two
              “private”  broken  kept
              “option”   –       unclear

            WHOSE WORDS
              “private”: promise, the maker’s own words: 
              “option”: promise, the maker’s own words: 
        "#]]
        .assert_eq(&matrix(&[one, two]));
    }

    #[test]
    fn one_subject_needs_no_table() {
        assert_eq!(matrix(&[audit("one", &[])]), "");
    }
}
