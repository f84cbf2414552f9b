//! Whether a sentence applies to the audited subject. If it does not, it is not
//! judged.

use knowledge::promises::{MakerState, Promise};

use crate::{JudgeInput, SwitchPosition};

/// Why a sentence does not apply to the audited subject; none if it applies.
pub(super) fn says_nothing(case: &JudgeInput<'_>, promise: &Promise) -> Option<String> {
    let run = case.run?;
    let of_its_own = |edition: &&String| edition.starts_with(|c: char| c.is_ascii_digit());
    let version = run.subject.edition.as_ref().filter(of_its_own).unwrap_or(&run.subject.version);
    let day = run.started.to_string();
    let excluded = promise.valid.excludes(version, day.get(..10).unwrap_or_default());
    excluded.or_else(|| promise.state.and_then(|state| is_not_in(case, state))).map(|why| format!("{why}."))
}

/// Why a sentence about being signed in or out does not apply. A driver sets
/// the subject up without an account. A device in use may be signed in.
fn is_not_in(case: &JudgeInput<'_>, state: MakerState) -> Option<String> {
    let in_use = case.run.is_some_and(model::Run::is_by_hand)
        || (0..case.phases.len())
            .any(|phase| case.standing(phase).iter().any(|one| one.position == SwitchPosition::AsLeft));
    match state {
        MakerState::SignedIn => Some("it is said of somebody who is signed in, and Candor signs in nowhere".into()),
        MakerState::SignedOut if in_use => {
            Some("it is said of somebody who is not signed in, and whether that was so is not known".into())
        }
        MakerState::SignedOut => None,
    }
}
