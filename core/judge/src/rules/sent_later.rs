//! `sent-later`: an act of one session that was reported in a later one. Who
//! watches only the first session does not see the report.

use std::collections::BTreeMap;

use model::Mode;

use super::{Finding, Severity, phases};
use crate::JudgeInput;

pub(super) fn find(case: &JudgeInput<'_>) -> Vec<Finding> {
    let mut by_destination: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (i, seen) in case.seen.iter().enumerate().filter(|(_, seen)| case.accuses(seen)) {
        if is_later(case, i) {
            by_destination.entry(seen.destination).or_default().push(i);
        }
    }
    by_destination.into_iter().map(|(destination, sightings)| finding(case, destination, sightings)).collect()
}

/// Whether the value was used in one session of a trial and sent in a later
/// one.
fn is_later(case: &JudgeInput<'_>, seen: usize) -> bool {
    let seen = &case.seen[seen];
    let used = case.plant(&seen.sighting).and_then(|plant| case.phase_of(&plant.canary, seen.at));
    used.zip(seen.phase).is_some_and(|(used, sent)| {
        let (used, sent) = (&case.phases[used], &case.phases[sent]);
        used.trial == sent.trial && used.session < sent.session
    })
}

fn finding(case: &JudgeInput<'_>, destination: usize, sightings: Vec<usize>) -> Finding {
    let seen = || sightings.iter().map(|i| &case.seen[*i]);
    let private = seen().any(|seen| {
        let mode = |phase: Option<usize>| phase.map(|phase| case.phases[phase].mode);
        mode(case.about(seen)) == Some(Mode::Private) && mode(seen.phase) == Some(Mode::Normal)
    });
    let longest =
        seen().filter_map(|seen| Some(seen.at.seconds_since(case.phases[case.about(seen)?].at))).fold(0.0, f64::max);
    let stated = case.late.iter().filter(|late| seen().any(|seen| seen.sighting.exchange == late.exchange));
    let stated = stated.map(|late| late.sent.seconds_since(late.happened)).fold(0.0, f64::max);
    let host = &case.destinations[destination].host;
    let when = if private {
        "in private mode was sent in a later normal session"
    } else {
        "in one session was sent in a later one"
    };
    let by_itself = if stated > 0.0 { format!("; the events themselves say {stated:.0} s") } else { String::new() };
    Finding {
        code: "sent-later".into(),
        severity: if private { Severity::High } else { Severity::Medium },
        destination: Some(destination),
        phases: phases(case, &sightings),
        says: format!("what was done {when} to {host}, up to {longest:.0} s after the act{by_itself}"),
        sightings,
    }
}
