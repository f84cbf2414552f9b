//! Several subjects side by side: a row a promise, a column a subject.

use audit::Audit;

use super::table;
use crate::inert::{inert, inert_head};

/// Characters of a promise that a row has room for.
const QUOTE: usize = 60;

/// The table; nothing for fewer than two audits.
pub fn matrix(audits: &[Audit]) -> String {
    if audits.len() < 2 {
        return String::new();
    }
    let names: Vec<String> = audits.iter().map(name).collect();
    let mut head = vec!["promise"];
    head.extend(names.iter().map(String::as_str));
    let mut promises: Vec<(&str, &str)> = Vec::new();
    for verdict in audits.iter().flat_map(|audit| &audit.verdicts) {
        if !promises.iter().any(|(id, _)| *id == verdict.promise) {
            promises.push((&verdict.promise, &verdict.quote));
        }
    }
    let rows: Vec<Vec<String>> = promises
        .iter()
        .map(|(id, quote)| {
            let word = |audit: &Audit| {
                let verdict = audit.verdicts.iter().find(|verdict| verdict.promise == *id);
                verdict.map_or("–", |verdict| verdict.outcome.plainly()).to_owned()
            };
            let quote = format!("“{}”", inert_head(quote, QUOTE));
            std::iter::once(quote).chain(audits.iter().map(word)).collect()
        })
        .collect();
    format!("SIDE BY SIDE\n{}", table(&head, &rows))
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
            quote: (*promise).into(),
            outcome: *outcome,
            because: String::new(),
            evidence: vec![],
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
              promise    one     two
              “private”  broken  kept
              “option”   –       unclear
        "#]]
        .assert_eq(&matrix(&[one, two]));
    }

    #[test]
    fn one_subject_needs_no_table() {
        assert_eq!(matrix(&[audit("one", &[])]), "");
    }
}
