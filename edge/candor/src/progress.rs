//! The progress of a run on standard error: a bar on a terminal, lines elsewhere.

use std::{io::IsTerminal, sync::OnceLock, time::Duration};

use experiment::{PlannedStep, PlannedTrial, RunPlan, RunProgress};
use indicatif::{ProgressBar, ProgressStyle};

use crate::exit::talk;

/// Prints the progress of a run.
#[derive(Debug, Default)]
pub struct ProgressPrinter {
    bar: OnceLock<ProgressBar>,
}

impl ProgressPrinter {
    pub fn new() -> Self {
        Self::default()
    }

    fn say(&self, text: &str) {
        match self.bar.get() {
            Some(bar) => bar.println(text),
            None => talk(text),
        }
    }
}

impl RunProgress for ProgressPrinter {
    fn begins(&self, plan: &RunPlan) {
        let steps: usize = plan.trials.iter().map(|trial| trial.steps.len()).sum();
        let about = format!("{} trials, about {:.0} s", plan.trials.len(), plan.seconds());
        talk(&format!("  {about}"));
        if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(steps as u64);
            let style = ProgressStyle::with_template("  {bar:32} {pos}/{len}  {msg}  {eta} left");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(500));
            let _ = self.bar.set(bar);
        }
    }

    fn step(&self, trial: &PlannedTrial, step: &PlannedStep) {
        if let Some(bar) = self.bar.get() {
            bar.set_message(format!("trial {}, {}: {}", trial.id, step.mode.word(), step.name));
            bar.inc(1);
        }
    }

    fn trial_ends(&self, trial: &PlannedTrial, failed: Option<&str>) {
        let arm = if trial.arm.blank { "blank" } else { trial.arm.mode.word() };
        match failed {
            None => self.say(&format!("  trial {} ({arm}) done", trial.id)),
            Some(why) => self.say(&format!("  trial {} ({arm}) failed: {why}", trial.id)),
        }
    }
}
