//! The page's style, in a file of its own.

/// CSS with system fonts, in light and dark, for screen and paper.
pub const SHEET: &str = include_str!("style.css");
