//! Small drawings: each verdict has a shape of its own, so that colour says
//! nothing that the shape does not.

use judge::Outcome;
use maud::{Markup, html};

/// Candor's sign.
pub fn eye() -> Markup {
    html! {
        svg .eye viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false" {
            path d="M2 16c4-7 8.7-10.5 14-10.5S26 9 30 16c-4 7-8.7 10.5-14 10.5S6 23 2 16z" {}
            circle cx="16" cy="16" r="5.5" {}
        }
    }
}

/// A circle with a tick, an octagon with a cross, a diamond with a question
/// mark, a dashed square with a dash, a dashed circle with a stroke through it
/// (nothing there), a dashed square with scales.
pub(super) fn verdict(outcome: Outcome) -> Markup {
    html! {
        svg .shape viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" focusable="false" {
            @match outcome {
                Outcome::Kept | Outcome::Met => {
                    circle .body cx="24" cy="24" r="21" {}
                    path .sign d="M14.5 24.5l6.8 6.8L34 17.5" {}
                }
                Outcome::Broken | Outcome::NotMet => {
                    path .body d="M15.7 4h16.6L44 15.7v16.6L32.3 44H15.7L4 32.3V15.7z" {}
                    path .sign d="M17 17l14 14M31 17L17 31" {}
                }
                Outcome::Unclear => {
                    path .body d="M24 2.5L45.5 24 24 45.5 2.5 24z" {}
                    path .sign d="M19.5 20c0-6 9.5-6 9.5-.5 0 4-5 4-5 8M24 33.5v.2" {}
                }
                Outcome::Untested | Outcome::Untestable => {
                    rect .body.hollow x="5" y="5" width="38" height="38" rx="9" {}
                    path .sign d="M16 24h16" {}
                }
                Outcome::Vacuous => {
                    circle .body.hollow cx="24" cy="24" r="20" {}
                    path .sign d="M11 37L37 11" {}
                }
                Outcome::ForAuthority => {
                    rect .body.hollow x="5" y="5" width="38" height="38" rx="9" {}
                    path .sign d="M24 11v25M16 36h16M12 16h24M12 16l-4 10h8zM36 16l-4 10h8z" {}
                }
            }
        }
    }
}
