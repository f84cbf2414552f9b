//! What will be done, in which order: a function of scenario, subject and seed.

use honey::Names;
use knowledge::{
    scenarios::{Scenario, Step},
    subjects::{Edition, Subject},
};
use model::{Act, Arm, Mode, Switch};

/// Every trial of a run, in the order in which they are begun.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub trials: Vec<Planned>,
    pub at_once: usize,
}

/// One trial: an arm on an install, and its steps one by one.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    pub id: u32,
    pub arm: Arm,
    pub install: u32,
    pub steps: Vec<Do>,
}

/// One thing to do. Steps that a scenario repeats stand here each by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Do {
    pub act: Act,
    /// Unique within its trial: `visit 3`.
    pub name: String,
    /// The mode of the session that it happens in.
    pub mode: Mode,
    pub stay: f64,
    /// How a visit comes about: `link`, `typed`, `redirect`; by the driver if none.
    pub by: Option<String>,
    /// A switch to throw, and to where.
    pub switch: Option<(String, String)>,
}

/// Seconds to stay where the scenario says nothing.
const STAY: f64 = 0.4;

impl Plan {
    /// The plan of a run. The same seed gives the same order and, by
    /// [`honey::Planter`], the same canaries.
    pub fn new(scenario: &Scenario, subject: &Subject, edition: Option<&Edition>, seed: u64, repeat: u32) -> Self {
        let switches = |_: &Subject| edition.map(|edition| edition.switches.clone()).unwrap_or_default();
        let mut trials = Vec::new();
        for _ in 0..repeat.max(1) {
            for arm in &scenario.arms {
                for _ in 0..arm.installs {
                    let switches = switches(subject).into_iter();
                    let default = |name| Switch { name, position: "default".into() };
                    let words = Arm {
                        mode: arm.mode(),
                        switches: switches.map(default).collect(),
                        blank: arm.blank,
                        device: 0,
                    };
                    trials.push(Planned { id: 0, arm: words, install: 0, steps: steps(&arm.steps, arm.mode()) });
                }
            }
        }
        Names::new(seed, u64::MAX).shuffle(&mut trials);
        for (trial, number) in trials.iter_mut().zip(1..) {
            (trial.id, trial.install) = (number, number);
        }
        Self { trials, at_once: scenario.at_once.max(1) }
    }

    /// About how long it takes, in seconds.
    pub fn seconds(&self) -> f64 {
        let total: f64 = self.trials.iter().map(Planned::seconds).sum();
        total / self.at_once as f64
    }
}

impl Planned {
    /// About how long it takes: a start is worth three seconds, a visit one.
    pub fn seconds(&self) -> f64 {
        let worth = |step: &Do| match step.act {
            Act::Start | Act::Restart => 3.0,
            Act::Visit | Act::Search | Act::Form => 1.0,
            Act::Type => 6.0,
            _ => 0.2,
        };
        self.steps.iter().map(|step| worth(step) + step.stay).sum()
    }

    /// The same trial again, as another.
    pub fn again(&self, id: u32) -> Self {
        Self { id, install: id, ..self.clone() }
    }
}

fn steps(steps: &[Step], first: Mode) -> Vec<Do> {
    let mut mode = first;
    let mut counts: std::collections::BTreeMap<Act, u32> = std::collections::BTreeMap::new();
    let mut all = Vec::new();
    for step in steps {
        mode = step.mode.as_deref().map_or(mode, Mode::from_word);
        for _ in 0..step.times.max(1) {
            let count = counts.entry(step.act()).or_default();
            *count += 1;
            let name = if *count == 1 && matches!(step.act(), Act::Start | Act::Close) {
                step.act.clone()
            } else {
                format!("{} {count}", step.act)
            };
            all.push(Do {
                act: step.act(),
                name,
                mode,
                stay: step.stay.unwrap_or(STAY),
                by: step.by.clone(),
                switch: step.switch.clone().zip(step.to.clone()),
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use knowledge::Knowledge;

    use super::*;

    fn plan(seed: u64) -> Plan {
        let knowledge = Knowledge::built_in();
        let scenario = knowledge.scenarios.iter().find(|s| s.name == "quick").unwrap();
        let subject = knowledge.subjects.iter().find(|s| s.name == "chromium").unwrap();
        Plan::new(scenario, subject, None, seed, 1)
    }

    #[test]
    fn the_same_seed_gives_the_same_plan() {
        assert_eq!(plan(1), plan(1));
        let orders: std::collections::BTreeSet<String> =
            (0..20).map(|seed| plan(seed).trials.iter().map(|t| t.arm.mode.word()).collect()).collect();
        assert!(orders.len() > 1, "the order is drawn");
    }

    #[test]
    fn quick_can_say_kept() {
        let private: usize = plan(1)
            .trials
            .iter()
            .flat_map(|trial| &trial.steps)
            .filter(|step| step.mode == Mode::Private && matches!(step.act, Act::Visit | Act::Form))
            .count();
        assert!(private >= 30, "{private} private visits");
    }

    #[test]
    fn names_of_steps_are_unique_in_a_trial() {
        for trial in plan(1).trials {
            let names: std::collections::BTreeSet<&String> = trial.steps.iter().map(|step| &step.name).collect();
            assert_eq!(names.len(), trial.steps.len());
        }
    }
}
