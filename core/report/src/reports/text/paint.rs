//! Colour on a terminal, or none. Words and marks say the same without it.

use judge::{Outcome, Severity};

/// Whether the reader sees colour. The caller knows: a terminal, `NO_COLOR`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextColor {
    #[default]
    None,
    /// The sixteen colours that every terminal has (ECMA-48, SGR).
    Colour,
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "1;31";
const GREEN: &str = "1;32";
const YELLOW: &str = "1;33";

impl TextColor {
    fn with(self, code: &str, text: &str) -> String {
        match self {
            Self::Colour if !text.is_empty() => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.with(BOLD, text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.with(DIM, text)
    }

    /// What must not be overlooked.
    pub(super) fn loud(self, text: &str) -> String {
        self.with(RED, text)
    }

    pub(super) fn verdict(self, outcome: Outcome, text: &str) -> String {
        let code = match outcome {
            Outcome::Broken | Outcome::NotMet => RED,
            Outcome::Kept | Outcome::Met => GREEN,
            Outcome::Unclear => YELLOW,
            Outcome::Untested | Outcome::Untestable | Outcome::ForAuthority | Outcome::Vacuous => DIM,
        };
        self.with(code, text)
    }

    pub(super) fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Critical | Severity::High => RED,
            Severity::Medium => YELLOW,
            Severity::Low | Severity::Info => DIM,
        };
        self.with(code, text)
    }
}
