//! How the subject was started and with which preferences, by the evidence, and
//! the result of the comparison with the reference.

use audit::Audit;
use judge::{ReferenceComparison, ReferenceOutcome, TrafficDifference};
use model::{ArmRole, NoteCode};

use crate::{
    sanitize::inert,
    wording::{count, listed},
};

/// Short labels, each with what was in force.
pub(crate) fn in_force(audit: &Audit) -> Vec<(&'static str, String)> {
    let mut told: Vec<(&str, String)> =
        notes(audit, NoteCode::Package).map(|(_, says)| ("package", inert(says).into_owned())).collect();
    told.extend(started(audit));
    told.extend(preferences(audit));
    told.extend(compared(&audit.reference).map(|says| ("reference", says)));
    told
}

/// The notes of a code, each with the role of its trial.
fn notes(audit: &Audit, code: NoteCode) -> impl Iterator<Item = (ArmRole, &str)> {
    let role = |trial: Option<u32>| {
        let trial = audit.trials.iter().find(|one| Some(one.id) == trial);
        trial.map_or(ArmRole::Driven, |trial| trial.arm.role)
    };
    audit.notes.iter().filter(move |note| note.code == code).map(move |note| (role(note.trial), note.says.as_str()))
}

fn started(audit: &Audit) -> Vec<(&'static str, String)> {
    let line =
        |role: ArmRole| notes(audit, NoteCode::CommandLine).find(|(of, _)| *of == role).map(|(_, says)| inert(says));
    let mut told = Vec::new();
    if let Some(line) = line(ArmRole::Reference) {
        told.push(("started", format!("in the reference arm: {line}")));
    }
    if let Some(line) = line(ArmRole::Driven) {
        let label = if told.is_empty() { "" } else { "in the driven arms: " };
        told.push(("started", format!("{label}{line}")));
    }
    told
}

/// The preferences that were read from the profile. They are listed once if
/// they are the same with and without remote control.
fn preferences(audit: &Audit) -> Vec<(&'static str, String)> {
    let of = |role: ArmRole| -> Vec<String> {
        notes(audit, NoteCode::Preference)
            .filter(|(of, _)| *of == role)
            .map(|(_, says)| inert(says).into_owned())
            .collect()
    };
    let (plain, driven) = (of(ArmRole::Reference), of(ArmRole::Driven));
    match (plain.is_empty(), driven.is_empty()) {
        (true, true) => vec![],
        (false, false) if plain == driven => {
            vec![("in force", format!("{} (the same with and without remote control)", driven.join("; ")))]
        }
        _ => [("in the reference arm", plain), ("in the driven arms", driven)]
            .into_iter()
            .filter(|(_, said)| !said.is_empty())
            .map(|(whose, said)| ("in force", format!("{whose}: {}", said.join("; "))))
            .collect(),
    }
}

/// One sentence on the comparison with the reference; none if no comparison is
/// needed.
fn compared(reference: &ReferenceOutcome) -> Option<String> {
    match reference {
        ReferenceOutcome::NotNeeded => None,
        ReferenceOutcome::Missing(why) => Some(format!("none: {}.", inert(why))),
        ReferenceOutcome::Compared(ReferenceComparison { trials: (plain, driven), only_reference, only_driven }) => {
            let trials = format!(
                "{} without an instrument beside {} driven through the same steps",
                count(*plain as u64, "trial"),
                driven
            );
            let mut differs = Vec::new();
            if !only_reference.is_empty() {
                differs.push(format!("only without it: {}", hosts(only_reference)));
            }
            if !only_driven.is_empty() {
                differs.push(format!("only driven, and held against nobody: {}", hosts(only_driven)));
            }
            let differs =
                if differs.is_empty() { "no difference in who was sent what".into() } else { differs.join("; ") };
            Some(format!("{trials}: {differs}."))
        }
    }
}

fn hosts(differences: &[TrafficDifference]) -> String {
    let told: Vec<String> = differences
        .iter()
        .map(|one| match &one.kind {
            Some(kind) => format!("{} ({}, {})", inert(&one.host), inert(kind.as_str()), one.mode.word()),
            None => format!("{} ({})", inert(&one.host), one.mode.word()),
        })
        .collect();
    listed(&told)
}
