//! Shows an audit to people and programs.
//!
//! Each format is a pure function of the audit: the same audit gives the same
//! bytes. What several formats tell is put together once, in `told`; what was
//! captured is hostile and passes `inert` on its way out.
#![forbid(unsafe_code)]

mod sanitize;

mod wording;

mod summary;

mod reports;

mod compare;

mod tables;

pub mod ui;

pub use compare::{COMPARE_FORMATS, CompareFormat};
pub use reports::{FORMATS, ReportFormat, TextColor, csv, html, json, markdown, painted, sarif, text};
pub use tables::matrix;
