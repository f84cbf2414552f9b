//! The switches that most users need: sets of kinds, and services with a switch
//! of their own. Each says what stops working while it is off.

use guard::{Choices, KindSet, SetStand};
use maud::{Markup, html};
use model::{Mode, Time};

use super::frame::sealed;
use crate::{access::BrowserSession, english::sets as words, english::settings, moment};

/// The switches for all devices, or for one.
struct SetSwitches<'s> {
    choices: &'s Choices,
    session: &'s BrowserSession,
    device: Option<&'s str>,
    now: Time,
}

const MODES: [(Mode, &str); 2] = [(Mode::Normal, settings::NORMAL), (Mode::Private, settings::PRIVATE)];

pub(super) fn table(choices: &Choices, session: &BrowserSession, device: Option<&str>) -> Markup {
    let sets = SetSwitches { choices, session, device, now: moment::now() };
    // A switch that only works for all devices is not shown for one.
    let for_all = device.is_none();
    html! {
        table .switches .sets role="table" {
            caption .unseen { (words::TABLE) }
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { (words::WHAT) }
                    @for (_, name) in MODES { th role="columnheader" scope="col" { (name) } }
                }
            }
            tbody role="rowgroup" {
                @if for_all { (sets.suggestions()) }
                (sets.kinds(KindSet::Statistics, &words::STATISTICS))
                @if for_all {
                    (sets.service("updates", &words::UPDATES, choices.updates))
                    (sets.service("security", &words::SAFETY, choices.security))
                }
                (sets.kinds(KindSet::Visited, &words::VISITED))
                (sets.kinds(KindSet::Entered, &words::ENTERED))
            }
        }
    }
}

impl SetSwitches<'_> {
    fn suggestions(&self) -> Markup {
        let set = &words::SUGGESTIONS;
        let cells = MODES.map(|(mode, name)| {
            let fields = html! { input type="hidden" name="mode" value=(mode.word()); };
            let stand = if self.choices.suggests(mode) { SetStand::On } else { SetStand::Off };
            html! { td role="cell" data-of=(name) { (self.switch("/suggestions", set.0, name, stand, &fields)) } }
        });
        row("suggestions", set, &html! { @for cell in &cells { (cell) } })
    }

    fn kinds(&self, set: KindSet, says: &words::Set) -> Markup {
        let cells = MODES.map(|(mode, name)| {
            let fields = html! {
                input type="hidden" name="set" value=(set.word());
                input type="hidden" name="mode" value=(mode.word());
                @if let Some(device) = self.device { input type="hidden" name="device" value=(device); }
            };
            let stand = self.choices.set_stand(set, mode, self.device, self.now);
            html! { td role="cell" data-of=(name) { (self.switch("/set", says.0, name, stand, &fields)) } }
        });
        row(&format!("set-{}", set.word()), says, &html! { @for cell in &cells { (cell) } })
    }

    /// A service whose requests do not show which window they belong to.
    fn service(&self, id: &str, says: &words::Set, on: bool) -> Markup {
        let stand = if on { SetStand::On } else { SetStand::Off };
        let action = format!("/{id}");
        row(
            id,
            says,
            &html! {
                td role="cell" colspan="2" data-of=(words::BOTH) {
                    (self.switch(&action, says.0, words::BOTH, stand, &html! {}))
                }
            },
        )
    }

    fn switch(&self, action: &str, label: &str, window: &str, stand: SetStand, fields: &Markup) -> Markup {
        let (checked, word) = match stand {
            SetStand::Off => ("false", settings::OFF),
            SetStand::Mixed => ("mixed", words::SOME),
            SetStand::On => ("true", settings::ON),
        };
        html! {
            form .switch method="post" action=(action) {
                (sealed(self.session))
                (fields)
                input type="hidden" name="on" value=(if stand == SetStand::Off { "on" } else { "off" });
                // ARIA allows a mixed state for a checkbox but not for a
                // switch.
                button role=(if stand == SetStand::Mixed { "checkbox" } else { "switch" }) aria-checked=(checked)
                    aria-label=(settings::named(label, window)) {
                    span .knob aria-hidden="true" {}
                    span .stands aria-hidden="true" { (word) }
                }
            }
        }
    }
}

fn row(id: &str, (label, says, stops): &words::Set, cells: &Markup) -> Markup {
    html! {
        tr role="row" id=(id) {
            th role="rowheader" scope="row" {
                span .label { (label) }
                span .says { (says) }
                span .says { b { (words::WITHOUT) } " " (stops) }
            }
            (cells)
        }
    }
}
