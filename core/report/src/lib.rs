//! Shows an audit to people and programs.
//!
//! Each format is a pure function of the audit: the same audit gives the same
//! bytes.
#![forbid(unsafe_code)]

mod reports;

pub use reports::{html, json, text};
