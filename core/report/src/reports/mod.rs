//! The formats, one a file.

mod text;

mod html;

mod json;

pub(crate) mod sarif;

mod csv;

pub(crate) mod markdown;

use audit::Audit;

pub use csv::csv;
pub use html::{html, pieces};
pub use json::json;
pub use markdown::markdown;
pub use sarif::sarif;
pub use text::{TextColor, painted, text};

/// A way to show an audit.
#[derive(Clone, Copy, Debug)]
pub struct ReportFormat {
    /// What stands after `--format`, and the ending of its files.
    pub name: &'static str,
    /// One line for help.
    pub says: &'static str,
    pub render: fn(&Audit) -> String,
}

/// Every format, the one for people at a terminal first.
pub const FORMATS: &[ReportFormat] = &[
    ReportFormat { name: "text", says: "for a terminal", render: text },
    ReportFormat { name: "html", says: "one page that needs no network and no script", render: html },
    ReportFormat { name: "json", says: "everything, for programs; stable (version 1)", render: json },
    ReportFormat { name: "sarif", says: "SARIF 2.1.0, for code scanning", render: sarif },
    ReportFormat { name: "csv", says: "one row a sighting and one a sentence judged, for spreadsheets", render: csv },
    ReportFormat { name: "markdown", says: "for a pull request", render: markdown },
];
