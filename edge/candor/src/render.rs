//! Renders an audit in the requested format.

use std::io::IsTerminal;

use audit::Audit;
use clap::builder::{PossibleValue, PossibleValuesParser};
use report::{COMPARE_FORMATS, FORMATS, TextColor};

/// The known formats, for `--format`.
pub fn formats() -> PossibleValuesParser {
    PossibleValuesParser::new(FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format.says)))
}

/// The known formats of `candor compare`.
pub fn compared() -> PossibleValuesParser {
    PossibleValuesParser::new(COMPARE_FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format.says)))
}

/// Renders without colour, for files.
pub fn plain(audit: &Audit, format: &str) -> String {
    let format = FORMATS.iter().find(|known| known.name == format).unwrap_or(&FORMATS[0]);
    (format.render)(audit)
}

/// Renders for standard output: text is coloured on a terminal, unless `NO_COLOR` is set.
pub fn to_stdout(audit: &Audit, format: &str) -> String {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    if format == "text" && colour { report::painted(audit, TextColor::Colour) } else { plain(audit, format) }
}
