//! The outcome of an event as a shape; its colour carries no extra information.

use maud::{Markup, html};

/// One drawing contains all shapes, and the row's CSS class shows one of them.
/// So the script only has to set the class.
pub(super) fn fate(look: &str) -> Markup {
    html! {
        svg .shape.(look) viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false" {
            g .of-stopped { circle .body cx="16" cy="16" r="14" {} path .sign d="M9.500 16.500l4.500 4.500 8.500-9.500" {} }
            g .of-cut { circle .body cx="16" cy="16" r="14" {} path .sign d="M10.500 10.500l11 11M21.500 10.500l-11 11" {} }
            g .of-passed { path .body d="M16 2l14 26H2z" {} path .sign d="M16 12v7.500M16 23.800v.2" {} }
            g .of-allowed { circle .body.hollow cx="16" cy="16" r="13" {} path .sign.line d="M9 16h13M17 10.500l5.500 5.500-5.500 5.500" {} }
            g .of-unread { rect .body.hollow.dashed x="3.500" y="3.500" width="25" height="25" rx="6" {} path .sign.line d="M12.500 13c0-5 7-5 7-.5 0 3-3.500 3-3.500 6M16 22.800v.2" {} }
        }
    }
}
