//! What a subject is put through: `data/scenarios/<name>.toml`.

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
    pub arms: Vec<Arm>,
}

/// One combination of conditions, how often, and what is done in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// `normal` or `private`.
    pub mode: String,
    /// Fresh installs of it.
    pub installs: u32,
    /// No visits: the control.
    #[serde(default)]
    pub blank: bool,
    pub steps: Vec<Step>,
}

/// One step, or several alike.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
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
    /// For `switch`: which one, and to where.
    #[serde(default)]
    pub switch: Option<String>,
    #[serde(default)]
    pub to: Option<String>,
    /// For `visit`: `link`, `typed`, `redirect`; an address opened by the driver if absent.
    #[serde(default)]
    pub by: Option<String>,
}

fn one() -> usize {
    1
}

fn one_time() -> u32 {
    1
}

impl Step {
    /// What is done.
    pub fn act(&self) -> Act {
        Act::from_word(&self.act).unwrap_or_default()
    }
}

impl Arm {
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
                if Act::from_word(&step.act).is_none() {
                    return Err(format!("act {:?} is no word of ours", step.act));
                }
            }
        }
        Ok(scenario)
    }
}
