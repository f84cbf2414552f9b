//! The steps of experiments: `data/scenarios/<name>.toml`.

use model::{Act, Mode};
use serde::Deserialize;

/// Arms to run and the steps of each.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub name: String,
    /// One line for `candor list`.
    pub says: String,
    /// Trials that run side by side where the machine allows.
    #[serde(default = "one")]
    pub at_once: usize,
    #[serde(rename = "arm")]
    pub arms: Vec<ScenarioArm>,
}

/// One combination of conditions, with its number of installs and its steps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioArm {
    /// `normal` or `private`.
    pub mode: String,
    /// Fresh installs of it.
    pub installs: u32,
    /// No visits: the control.
    #[serde(default)]
    pub blank: bool,
    /// Runs each install twice: once without remote control, started by its desktop entry and
    /// operated by key presses, and once with remote control, to be compared.
    #[serde(default)]
    pub reference: bool,
    /// `default`: as installed. `all`: once for every combination of the
    /// positions of the subject's switches; not at all if it has none.
    #[serde(default)]
    pub switches: ArmSwitches,
    /// Devices that the installs are spread over.
    #[serde(default = "one_time")]
    pub devices: u32,
    pub steps: Vec<ScenarioStep>,
}

/// The positions of the subject's switches in an arm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArmSwitches {
    #[default]
    Default,
    All,
}

/// One step, or several equal steps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioStep {
    /// A word of [`Act`].
    pub act: String,
    #[serde(default = "one_time")]
    pub times: u32,
    /// Seconds to stay after it.
    #[serde(default)]
    pub stay: Option<f64>,
    /// In the middle session of a trial the mode can be another.
    #[serde(default)]
    pub mode: Option<String>,
    /// For `switch`: which one (each that turns collection on and off, if not
    /// said), and to where: `on`, `off`.
    #[serde(default)]
    pub switch: Option<String>,
    #[serde(default)]
    pub to: Option<String>,
    /// For `visit`: the number of characters in the address. If several are given, `times` visits
    /// of each length, in an order drawn from the seed.
    #[serde(default)]
    pub length: Vec<usize>,
    /// For `visit`: `link`, `typed`, `redirect`; an address opened by the driver if absent.
    /// For `start`: `beside`, a private window beside the ordinary one that is open.
    #[serde(default)]
    pub by: Option<String>,
    /// For `visit`: half as many sites, each visited twice, in an order drawn by
    /// the seed in which no site follows itself.
    #[serde(default)]
    pub twin: bool,
}

fn one() -> usize {
    1
}

fn one_time() -> u32 {
    1
}

impl ScenarioStep {
    /// The act of the step.
    pub fn act(&self) -> Act {
        Act::from_word(&self.act).unwrap_or_default()
    }
}

impl ScenarioArm {
    pub fn mode(&self) -> Mode {
        Mode::from_word(&self.mode)
    }
}

impl Scenario {
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, String> {
        let scenario: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if path != format!("scenarios/{}.toml", scenario.name) {
            return Err(format!("is about {:?} and should be called so", scenario.name));
        }
        for arm in &scenario.arms {
            if arm.mode() == Mode::Unknown {
                return Err(format!("mode {:?} is neither normal nor private", arm.mode));
            }
            for step in &arm.steps {
                step.check()?;
                if arm.reference && !step.is_for_keys() {
                    return Err(format!("a reference arm is used by keys alone, which cannot {}", step.act));
                }
            }
        }
        Ok(scenario)
    }
}

impl ScenarioStep {
    /// Whether the step can be done by key presses alone, through the address bar.
    fn is_for_keys(&self) -> bool {
        match self.act() {
            Act::Visit | Act::Search => self.by.as_deref() == Some("typed"),
            Act::Form | Act::Download | Act::Open | Act::Switch => false,
            Act::Start | Act::Idle | Act::Type | Act::Restart | Act::Later | Act::Close => true,
        }
    }

    fn check(&self) -> Result<(), String> {
        if Act::from_word(&self.act).is_none() {
            return Err(format!("act {:?} is no word of ours", self.act));
        }
        if self.act() == Act::Switch && !matches!(self.to.as_deref(), Some("on" | "off")) {
            return Err("a switch is thrown to on or to off".into());
        }
        let by_itself = self.act() == Act::Start && self.by.as_deref() == Some("beside");
        if !by_itself && !matches!(self.by.as_deref(), None | Some("link" | "typed" | "redirect")) {
            return Err(format!("by {:?} is not link, typed or redirect, nor beside for a start", self.by));
        }
        let twins =
            self.act() == Act::Visit && self.length.is_empty() && self.times >= 4 && self.times.is_multiple_of(2);
        if self.twin && !twins {
            return Err("twins are visits, an even number of them and at least four, of no length".into());
        }
        match self.length.iter().find(|length| !(40..=8_000).contains(*length)) {
            Some(length) => Err(format!("no address has {length} characters: 40 to 8000")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(step: &str) -> Result<Scenario, String> {
        let text =
            format!("name = \"s\"\nsays = \"…\"\n[[arm]]\nmode = \"normal\"\ninstalls = 1\nsteps = [{{ {step} }}]");
        Scenario::parse("scenarios/s.toml", &text)
    }

    #[test]
    fn an_arm_stands_as_installed_on_one_device_unless_it_says_otherwise() {
        let arm = read("act = \"visit\"").unwrap().arms.remove(0);
        assert_eq!((arm.switches, arm.devices), (ArmSwitches::Default, 1));
    }

    #[test]
    fn a_step_that_nobody_could_do_is_refused() {
        for step in
            ["act = \"dance\"", "act = \"switch\"", "act = \"visit\", by = \"wish\"", "act = \"visit\", length = [4]"]
        {
            assert!(read(step).is_err(), "{step}");
        }
        assert!(read("act = \"switch\", to = \"off\"").is_ok());
        assert!(read("act = \"start\", by = \"beside\"").is_ok());
        assert!(read("act = \"visit\", by = \"beside\"").is_err());
        assert!(read("act = \"visit\", times = 6, twin = true").is_ok());
        for step in ["act = \"visit\", times = 5, twin = true", "act = \"form\", times = 6, twin = true"] {
            assert!(read(step).is_err(), "{step}");
        }
    }

    #[test]
    fn a_reference_arm_is_used_by_keys_alone() {
        let arm = |step: &str| {
            let steps = format!("steps = [{{ act = \"start\" }}, {{ {step} }}]");
            let text = format!(
                "name = \"s\"\nsays = \"…\"\n[[arm]]\nmode = \"normal\"\ninstalls = 2\nreference = true\n{steps}"
            );
            Scenario::parse("scenarios/s.toml", &text)
        };
        assert!(arm("act = \"visit\", by = \"typed\"").is_ok());
        for step in ["act = \"visit\"", "act = \"form\"", "act = \"visit\", by = \"link\""] {
            assert!(arm(step).is_err(), "{step}");
        }
    }
}
