//! The table of switches: one row for each kind of data, one column for each
//! mode, and a form in every cell.

use guard::{Choices, SwitchTable};
use knowledge::kinds::KindInfo;
use maud::{Markup, html};
use model::{Kind, Mode, Time};
use report::ui::kind;

use super::frame::{sealed, truth};
use crate::{access::BrowserSession, english::settings as words, moment, state::AppState};

/// The table for all devices, or for one.
struct SwitchSheet<'s> {
    desk: &'s AppState,
    choices: &'s Choices,
    session: &'s BrowserSession,
    device: Option<&'s str>,
    own: Option<&'s SwitchTable>,
    now: Time,
}

const MODES: [(Mode, &str); 2] = [(Mode::Normal, words::NORMAL), (Mode::Private, words::PRIVATE)];

pub(super) fn table(
    desk: &AppState,
    keeper: &gate::GuardState,
    choices: &Choices,
    session: &BrowserSession,
    device: Option<&str>,
) -> Markup {
    let own = device.and_then(|id| choices.device(id)).map(|device| &device.table);
    let sheet = SwitchSheet { desk, choices, session, device, own, now: moment::now() };
    let all = keeper.knowledge().kinds.all();
    let grouped: Vec<&str> = words::GROUPS.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    let others: Vec<&str> = all.iter().map(|info| info.id.as_str()).filter(|id| !grouped.contains(id)).collect();
    let groups = words::GROUPS.iter().map(|(title, ids)| (*title, *ids)).chain([(words::OTHERS, others.as_slice())]);
    html! {
        table .switches role="table" {
            caption .unseen { (words::TABLE) }
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { (words::KIND) }
                    @for (_, name) in MODES { th role="columnheader" scope="col" { (name) } }
                }
            }
            @for (title, ids) in groups {
                @let infos: Vec<&KindInfo> = ids.iter().filter_map(|id| all.iter().find(|info| info.id == *id)).collect();
                @if !infos.is_empty() {
                    tbody role="rowgroup" {
                        tr role="row" .group { th role="rowheader" scope="rowgroup" colspan="3" { (title) } }
                        @for info in infos { (sheet.row(info)) }
                    }
                }
            }
        }
    }
}

impl SwitchSheet<'_> {
    fn row(&self, info: &KindInfo) -> Markup {
        let id = Kind::new(&info.id);
        let label = kind(&id);
        html! {
            tr role="row" id=(info.id) {
                th role="rowheader" scope="row" { span .label { (label) } span .says { (info.says) } }
                @for (mode, name) in MODES {
                    td role="cell" data-of=(name) { (self.cell(&id, &label, mode, name)) }
                }
            }
        }
    }

    fn cell(&self, id: &Kind, label: &str, mode: Mode, window: &str) -> Markup {
        let own = self.own.and_then(|table| table.cell(id, mode));
        let stand = self.choices.stand(id, mode, self.device, self.now);
        let for_all = self.choices.stand(id, mode, None, self.now);
        let lit = stand.is_on();
        html! {
            form .switch method="post" action="/turn" {
                (sealed(self.session))
                (self.named(id, mode))
                input type="hidden" name="on" value=(if lit { "off" } else { "on" });
                button role="switch" aria-checked=(truth(lit)) aria-label=(words::named(label, window)) {
                    span .knob aria-hidden="true" {}
                    span .stands aria-hidden="true" { @if lit { (words::ON) } @else { (words::OFF) } }
                }
            }
            @if let Some(until) = stand.until() {
                p .until { (words::until(&moment::clock(until, &self.desk.zone))) }
            } @else if !lit {
                form .for-hour method="post" action="/hour" {
                    (sealed(self.session))
                    (self.named(id, mode))
                    button .quiet aria-label=(words::hour_named(label, window)) { (words::HOUR) }
                }
            }
            @if self.device.is_some() && own.is_none() && stand == for_all { p .until { (words::AS_ALL) } }
        }
    }

    fn named(&self, id: &Kind, mode: Mode) -> Markup {
        html! {
            input type="hidden" name="kind" value=(id);
            input type="hidden" name="mode" value=(mode.word());
            @if let Some(device) = self.device { input type="hidden" name="device" value=(device); }
        }
    }
}

/// A single switch outside the table.
pub(super) fn alone(action: &str, label: &str, on: bool, session: &BrowserSession) -> Markup {
    html! {
        form .switch method="post" action=(action) {
            (sealed(session))
            input type="hidden" name="on" value=(if on { "off" } else { "on" });
            button role="switch" aria-checked=(truth(on)) aria-label=(label) {
                span .knob aria-hidden="true" {}
                span .stands aria-hidden="true" { @if on { (words::ON) } @else { (words::OFF) } }
            }
        }
    }
}
