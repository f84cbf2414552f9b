//! The texts of the guide's tasks.

use experiment::drivers::guided::GuideTask;
use model::{Act, Mode};
use serve::GuideStep;

/// A task as a page of the guide.
pub fn step(task: &GuideTask) -> GuideStep {
    let private = task.step.mode == Mode::Private;
    let asked = match &task.planted {
        Some(planted) => match task.step.act {
            Act::Search => {
                GuideStep::new("Open a search", "Open this page of results, look at it, then come back here.")
                    .open(&planted.url)
            }
            Act::Type => GuideStep::new(
                "Type, and do not send",
                "Type these words into the address bar, wait a moment, and delete them again. Then come back here.",
            )
            .text(&planted.text),
            Act::Form => GuideStep::new(
                "Fill in a form",
                format!(
                    "Open this page, type the words below as the full name and {} as the password, and do not send it.",
                    planted.secret
                ),
            )
            .open(&planted.url)
            .text(&planted.text),
            Act::Download => {
                GuideStep::new("Load a file", "Open this address and let the phone keep the file.").open(&planted.url)
            }
            Act::Open => GuideStep::new(
                "Open a folder",
                "On the home screen, make a folder of this name, open it, and come back here.",
            )
            .text(&planted.title),
            _ => GuideStep::new("Open this page", "Open it, look at it for a moment, then come back here.")
                .open(&planted.url),
        },
        None => by_hand(task, private),
    };
    if private { asked.in_private() } else { asked }
}

/// The text of a task without canaries.
fn by_hand(task: &GuideTask, private: bool) -> GuideStep {
    let tab = if private { "a private tab" } else { "an ordinary tab" };
    match task.step.act {
        Act::Start => GuideStep::new(
            "Begin afresh",
            format!("Close all other tabs, private ones too, then open {tab} for what comes next."),
        ),
        Act::Restart => GuideStep::new(
            "Start again",
            format!("Close the browser, open it again, and open {tab} for what comes next."),
        ),
        Act::Later => GuideStep::new(
            "Back to ordinary tabs",
            "Close all private tabs. What comes next is done in an ordinary tab.",
        ),
        Act::Close => GuideStep::new("Close the tabs", "Close the tabs that were opened for this."),
        Act::Switch => {
            let on = task.step.switches.iter().any(|switch| switch.position == model::SwitchSetting::On);
            let (title, to) = if on { ("Turn the switch on", "on") } else { ("Turn the switch off", "off") };
            GuideStep::new(
                title,
                format!(
                    "In the settings of the browser or the phone, turn {to} whatever sends usage data to its maker. Then come back here. It stays {to} until you turn it yourself."
                ),
            )
        }
        _ => GuideStep::new(
            "Lock the screen",
            format!("Lock the screen and leave the phone alone for {:.0} seconds.", task.step.stay.ceil()),
        ),
    }
}
