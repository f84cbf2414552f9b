//! A trial as lanes on a line of time: what was done when, and what the
//! subject sent then.

use std::collections::{BTreeMap, BTreeSet};

use audit::Audit;
use model::{Act, Mode, Time, Trial};

use super::{accusing, is_own};

/// One trial.
pub(crate) struct TrialLine {
    pub seconds: f64,
    pub lanes: Vec<ActLane>,
    /// The subject's own requests, and how many of them carried something.
    pub own: u64,
    pub marked: u64,
}

/// Phases of one act in a row: `visit 1` to `visit 14`.
pub(crate) struct ActLane {
    pub name: String,
    act: Act,
    pub mode: Mode,
    pub session: u32,
    /// Beginning and end of each phase in it, in parts of the whole trial.
    pub spans: Vec<(f64, f64)>,
    pub dots: Vec<RequestDot>,
}

/// Requests of the same sort at nearly the same time.
pub(crate) struct RequestDot {
    pub at: f64,
    pub mark: DotMark,
    pub count: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DotMark {
    /// Nothing personal was recognised in it.
    Plain,
    /// It could not be read.
    Sealed,
    /// Something personal was recognised.
    Seen,
}

/// Dots nearer than this part of the line are drawn as one.
const APART: f64 = 200.0;

pub(crate) fn line(audit: &Audit, trial: &Trial) -> TrialLine {
    let phases: Vec<usize> = (0..audit.phases.len()).filter(|i| audit.phases[*i].trial == trial.id).collect();
    let traffic: Vec<_> = audit.traffic.iter().filter(|one| one.trial == Some(trial.id) && is_own(one.side)).collect();
    let first = phases.iter().map(|i| audit.phases[*i].at).chain([trial.at]).min().unwrap_or_default();
    let last = phases.iter().map(|i| audit.phases[*i].at).chain(traffic.iter().map(|one| one.at)).max();
    let seconds = last.unwrap_or(first).seconds_since(first).max(0.001);
    let part = |at: Time| (at.seconds_since(first) / seconds).clamp(0.0, 1.0);

    let seen: BTreeSet<(usize, u64)> = accusing(audit)
        .iter()
        .map(|i| &audit.spotted[*i])
        .map(|spotted| (spotted.capture, spotted.seen.sighting.exchange))
        .collect();
    let mut line = TrialLine { seconds, lanes: vec![], own: 0, marked: 0 };
    for (n, &i) in phases.iter().enumerate() {
        let phase = &audit.phases[i];
        let end = phases.get(n + 1).map_or(1.0, |next| part(audit.phases[*next].at));
        let mut marks: BTreeMap<(u64, DotMark), u64> = BTreeMap::new();
        for one in traffic.iter().filter(|one| one.phase == Some(i)) {
            let mark = match () {
                () if seen.contains(&(one.capture, one.exchange)) => DotMark::Seen,
                () if one.sealed => DotMark::Sealed,
                () => DotMark::Plain,
            };
            line.own += 1;
            line.marked += u64::from(mark == DotMark::Seen);
            *marks.entry(((part(one.at) * APART) as u64, mark)).or_default() += 1;
        }
        let dots =
            marks.into_iter().map(|((at, mark), count)| RequestDot { at: (at as f64 + 0.5) / APART, mark, count });
        let span = (part(phase.at), end);
        match line.lanes.last_mut() {
            Some(lane) if lane.continues(audit, phases[n - 1], i) => {
                lane.spans.push(span);
                lane.dots.extend(dots);
            }
            _ => line.lanes.push(ActLane {
                name: phase.name.clone(),
                act: phase.act,
                mode: phase.mode,
                session: phase.session,
                spans: vec![span],
                dots: dots.collect(),
            }),
        }
    }
    // The end of a trial is worth a lane only if something was sent then.
    line.lanes.retain(|lane| lane.act != Act::Close || !lane.dots.is_empty());
    line.name_rows();
    line
}

impl ActLane {
    fn continues(&self, audit: &Audit, before: usize, next: usize) -> bool {
        let (before, next) = (&audit.phases[before], &audit.phases[next]);
        before.act == next.act && before.mode == next.mode && before.session == next.session
    }

    /// Requests of one sort in it.
    pub fn count(&self, mark: DotMark) -> u64 {
        self.dots.iter().filter(|dot| dot.mark == mark).map(|dot| dot.count).sum()
    }
}

impl TrialLine {
    /// `visit 1` of five in a row → `visit 1–5`; `form 1` of one → `form 1`.
    fn name_rows(&mut self) {
        for lane in &mut self.lanes {
            let number = lane.name.rsplit_once(' ').and_then(|(name, n)| Some((name, n.parse::<usize>().ok()?)));
            if let (Some((name, first)), true) = (number, lane.spans.len() > 1) {
                lane.name = format!("{name} {first}–{}", first + lane.spans.len() - 1);
            }
        }
    }
}
