//! Everyone the subject contacted by itself, as a table.

use audit::Audit;
use maud::{Markup, html};
use model::Destination;

use super::PageSection;
use crate::{
    sanitize::inert,
    summary::{DestinationRow, OwnerGroup, RecipientTable},
    wording::{bytes, count, country, thousands},
};

pub(super) fn section(audit: &Audit) -> Option<PageSection> {
    let whom = RecipientTable::of(audit);
    let content = html! {
        @if whom.owners.is_empty() {
            p { "No request was seen that it sent by itself." }
        } @else {
            table .whom role="table" {
                caption { "Requests that no page asked for, by host" }
                thead role="rowgroup" {
                    tr role="row" {
                        th role="columnheader" scope="col" { "Host" }
                        th role="columnheader" scope="col" { "What for" }
                        th role="columnheader" scope="col" .n { "Requests" }
                        th role="columnheader" scope="col" .n { "Sent" }
                        th role="columnheader" scope="col" .n { "Not readable" }
                        th role="columnheader" scope="col" .n { "Recognised" }
                    }
                }
                @for owner in &whom.owners { (group(owner)) }
            }
        }
        @if whom.by_pages > 0 {
            p .note {
                @if whom.visited > 0 { (count(whom.visited, "visited site")) ": " }
                (count(whom.by_pages, "request")) " that pages asked for are not listed: a site may know that it is visited."
            }
        }
    };
    let content = html! { (content) (seats(audit)) };
    Some(PageSection { id: "whom", title: "Everyone it contacted by itself", short: "Destinations", content })
}

/// Where things went.
fn seats(audit: &Audit) -> Markup {
    let seats = crate::summary::seats(audit);
    html! {
        @if !seats.is_empty() {
            h3 { "Where it went" }
            table .plain {
                thead { tr { th scope="col" { "Seat" } th scope="col" { "Owners" } th scope="col" .n { "Requests" }
                    th scope="col" .n { "Recognised" } } }
                tbody {
                    @for seat in &seats {
                        tr {
                            th scope="row" { (seat.name()) }
                            td { (crate::wording::listed(&seat.owners)) }
                            td .n { (thousands(seat.requests)) }
                            td .n { (number(seat.seen)) }
                        }
                    }
                }
            }
            p .note { (crate::summary::servers(audit)) }
        }
    }
}

fn group(owner: &OwnerGroup<'_>) -> Markup {
    html! {
        tbody role="rowgroup" {
            tr role="row" .owner {
                th role="rowheader" scope="rowgroup" colspan="6" {
                    @match owner.name {
                        Some(name) => (inert(name)),
                        None => { (inert(owner.label)) ", owner not on record" }
                    }
                    @if let Some(seat) = owner.seat { span .seat { (country(seat)) } }
                }
            }
            @for row in &owner.rows { (host(row)) }
        }
    }
}

fn host(row: &DestinationRow<'_>) -> Markup {
    html! {
        tr role="row" .told[row.seen > 0] {
            th role="rowheader" scope="row" {
                span .host { (inert(&row.to.host)) }
                span .because { (inert(&row.to.because)) (stands(row.to)) }
            }
            td role="cell" data-of="what for" { (row.to.purpose.word()) }
            td role="cell" data-of="requests" .n { (thousands(row.requests)) }
            td role="cell" data-of="sent" .n { (bytes(row.bytes)) }
            td role="cell" data-of="not readable" .n.zero[row.tally.sealed == 0] { (number(row.tally.sealed)) }
            td role="cell" data-of="recognised" .n.seen.zero[row.seen == 0] { (number(row.seen)) }
        }
    }
}

fn stands(to: &Destination) -> String {
    let Some(hosted) = &to.hosted else { return String::new() };
    let network = hosted.network.as_deref().map(|network| format!(", {}", inert(network))).unwrap_or_default();
    format!(". Server in {}{network} ({})", country(&hosted.country), inert(&hosted.because))
}

fn number(n: u64) -> String {
    if n == 0 { "–".into() } else { thousands(n) }
}
