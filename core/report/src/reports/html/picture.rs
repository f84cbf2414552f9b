//! What left, to whom, in one picture: kinds of data on the left, owners on
//! the right, a band for each pair, as thick as it has requests.
//!
//! It is drawn twice, for wide and for narrow screens; the style shows one.
//! Beside it stands the same as a table.

mod draw;

mod flows;

use audit::Audit;
use maud::{Markup, html};

pub use self::{
    draw::{Canvas, drawn},
    flows::{FlowBand, FlowDiagram, FlowNode, FlowTone},
};
use super::{PageSection, requests};

pub(super) fn section(audit: &Audit) -> Option<PageSection> {
    let flows = FlowDiagram::of(audit);
    if flows.bands.is_empty() {
        return None;
    }
    let content = html! {
        p .note {
            "Requests that it sent by itself: on the left what was in them, on the right who got them. The thicker the band, the "
            "more requests. A request that carries two things stands in two bands."
        }
        figure .picture {
            (drawn(&flows, &Canvas::WIDE))
            (drawn(&flows, &Canvas::NARROW))
            figcaption {
                details {
                    summary { "The picture as a table" }
                    (table(&flows))
                }
            }
        }
    };
    Some(PageSection { id: "picture", title: "What left, to whom", short: "Picture", content })
}

fn table(flows: &FlowDiagram) -> Markup {
    html! {
        table .plain {
            thead { tr { th scope="col" { "What" } th scope="col" { "To whom" } th scope="col" .n { "Requests" } } }
            tbody {
                @for band in &flows.bands {
                    tr {
                        td { (flows.left[band.from].title) @if let Some(more) = &flows.left[band.from].remark { ", " (more) } }
                        td { (flows.right[band.to].title) }
                        td .n { (band.count) }
                    }
                }
                @if flows.by_pages > 0 {
                    tr { td { "what pages asked for" } td { "the sites it was sent to" } td .n { (flows.by_pages) } }
                }
            }
        }
        p .fine { (requests(flows.bands.iter().map(|band| band.count).sum())) " in the bands above." }
    }
}
