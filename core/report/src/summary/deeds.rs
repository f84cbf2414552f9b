//! The acts of a run, in numbers.

use std::collections::BTreeSet;

use audit::Audit;
use model::{Act, Mode, Note};

use crate::wording::count;

/// Acts of a whole run.
#[derive(Default)]
pub(crate) struct ActTotals {
    /// Number of fresh profiles on which the subject was started.
    pub installs: u64,
    /// Trials in which nothing was visited.
    pub blank: u64,
    pub pages: u64,
    /// How many of the pages were opened in private mode.
    pub private_pages: u64,
    pub searches: u64,
    pub forms: u64,
    pub typed: u64,
    pub downloads: u64,
    pub opened: u64,
    pub restarts: u64,
    pub switched: u64,
    /// Length of the longest trial.
    pub seconds: f64,
}

impl ActTotals {
    pub fn of(audit: &Audit) -> Self {
        let mut deeds = Self {
            installs: audit.trials.iter().map(|trial| trial.install).collect::<BTreeSet<u32>>().len() as u64,
            blank: audit.trials.iter().filter(|trial| trial.arm.blank).count() as u64,
            ..Self::default()
        };
        let left_out = left_out(audit);
        for (_, phase) in audit.phases.iter().enumerate().filter(|(at, _)| !left_out.contains(at)) {
            match phase.act {
                Act::Visit => deeds.pages += 1,
                Act::Form => (deeds.pages, deeds.forms) = (deeds.pages + 1, deeds.forms + 1),
                Act::Search => deeds.searches += 1,
                Act::Type => deeds.typed += 1,
                Act::Download => deeds.downloads += 1,
                Act::Open => deeds.opened += 1,
                Act::Restart | Act::Later => deeds.restarts += 1,
                // A throw of switches has two phases. Only the second, after
                // the throw, names the switches, and counts.
                Act::Switch if !phase.switches.is_empty() => deeds.switched += 1,
                Act::Switch | Act::Start | Act::Idle | Act::Close => {}
            }
            let is_private_page = phase.mode == Mode::Private && matches!(phase.act, Act::Visit | Act::Form);
            deeds.private_pages += u64::from(is_private_page);
        }
        deeds.seconds = audit.trials.iter().map(|trial| length(audit, trial.id)).fold(0.0, f64::max);
        deeds
    }

    /// `opened 44 pages (30 of them in private mode)`, `searched 4 times` …
    pub fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        if self.pages > 0 {
            let private = match self.private_pages {
                0 => String::new(),
                all if all == self.pages => " in private mode".into(),
                some => format!(" ({some} of them in private mode)"),
            };
            told.push(format!("opened {}{private}", count(self.pages, "page")));
        }
        let times = |n: u64| if n == 1 { "once".to_owned() } else { format!("{n} times") };
        for (n, what) in [
            (self.forms, "filled in a form"),
            (self.searches, "searched"),
            (self.typed, "typed into the address bar"),
            (self.downloads, "downloaded a file"),
            (self.opened, "opened a folder or screen"),
            (self.switched, "threw its switches"),
            (self.restarts, "restarted it"),
        ] {
            if n > 0 {
                told.push(format!("{what} {}", times(n)));
            }
        }
        told
    }
}

/// Phases that were not done: those that contain a note of an omission.
fn left_out(audit: &Audit) -> BTreeSet<usize> {
    let notes = audit.notes.iter().filter(|note| note.code.is_omission());
    let phase =
        |note: &Note| audit.phases.iter().rposition(|phase| Some(phase.trial) == note.trial && phase.at <= note.at);
    notes.filter_map(phase).collect()
}

/// Seconds from the first to the last phase or exchange of a trial.
fn length(audit: &Audit, trial: u32) -> f64 {
    let phases = audit.phases.iter().filter(|phase| phase.trial == trial).map(|phase| phase.at);
    let traffic = audit.traffic.iter().filter(|one| one.trial == Some(trial)).map(|one| one.at);
    let times: Vec<_> = phases.chain(traffic).collect();
    match (times.iter().min(), times.iter().max()) {
        (Some(first), Some(last)) => last.seconds_since(*first),
        _ => 0.0,
    }
}
