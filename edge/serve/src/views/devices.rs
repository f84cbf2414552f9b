//! Devices as cards.

use gate::DeviceSeen;
use maud::{Markup, html};
use report::ui::{inert_head, thousands};

use super::{frame::sealed, said};
use crate::{access::BrowserSession, english::device as words, moment, state::AppState};

const NAME: usize = 60;

pub(super) fn cards(desk: &AppState, session: &BrowserSession) -> Markup {
    let devices = desk.board().devices();
    html! {
        @if devices.is_empty() {
            p { (crate::english::dashboard::NO_DEVICES) " " a href="/install" { (crate::english::dashboard::CONNECT) } }
        } @else {
            datalist #makers { @for owner in desk.knowledge().owners.iter() { option value=(owner.name) {} } }
            ul .devices { @for (id, seen) in &devices { li { (card(desk, session, id, seen)) } } }
        }
    }
}

fn card(desk: &AppState, session: &BrowserSession, id: &str, seen: &DeviceSeen) -> Markup {
    let choices = desk.keeper().map(|keeper| keeper.choices());
    let known = choices.as_ref().and_then(|choices| choices.device(id));
    let maker = known.and_then(|device| device.maker.as_deref());
    let name = known.and_then(|device| device.name.as_deref());
    let own = known.is_some_and(|device| !device.table.is_empty());
    html! {
        h3 { (said::device(desk, id)) }
        dl .facts-table {
            @if maker.is_some() || desk.keeper().is_some() {
                dt { (words::MAKER) }
                dd { (maker.map_or_else(|| words::NOT_SAID.to_owned(), |maker| inert_head(maker, NAME))) }
            }
            dt { (words::LAST) } dd { (moment::moment(seen.last, moment::now(), &desk.zone)) }
            dt { (words::MODE) } dd { (crate::english::mode(seen.mode)) }
            @if desk.keeper().is_some() { dt { (words::STOPPED) } dd { (thousands(seen.stopped)) } }
            dt { (words::WENT_ON) } dd { (thousands(seen.asked)) }
            dt { (words::UNREAD) } dd { (thousands(seen.unread)) }
        }
        @if desk.keeper().is_some() {
            p {
                a href={ "/settings?device=" (in_query(id)) } {
                    @if own { (words::OWN_SWITCHES) } @else { (words::NO_OWN_SWITCHES) }
                }
            }
            details {
                summary { (words::DESCRIBE) }
                form .stack method="post" action="/describe" {
                    (sealed(session))
                    input type="hidden" name="device" value=(id);
                    label { (words::NAME) input name="name" maxlength="60" autocomplete="off" value=[name]; }
                    label {
                        (words::MAKER_FIELD)
                        input name="maker" maxlength="60" autocomplete="off" list="makers" value=[maker];
                    }
                    p .fine { (words::MAKER_NOTE) }
                    button { (words::SAVE) }
                }
            }
        }
    }
}

/// Encodes a text as a value in a query.
pub(crate) fn in_query(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
