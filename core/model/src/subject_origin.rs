//! What the name of a subject says of where it came from.
//!
//! Evidence names a subject by one text. Whoever makes such a name and whoever reads it
//! again does so here.

/// Stands before the package of an app.
const ANDROID: &str = "android:";

/// Stands behind the program of a command line.
const BY_COMMAND_LINE: &str = " by command line";

/// Where a subject came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectOrigin<'n> {
    /// `data/subjects/` describes it under this name.
    Described(&'n str),
    /// An app on a phone, of this package: `android:org.mozilla.firefox`.
    App(&'n str),
    /// A program at this path: a browser of the Chromium or Firefox family.
    Path(&'n str),
    /// A browser that a command line starts, of this program: `falkon by command line`.
    CommandLine(&'n str),
}

impl<'n> SubjectOrigin<'n> {
    /// What the name of a subject says.
    pub fn of(name: &'n str) -> Self {
        if let Some(package) = name.strip_prefix(ANDROID) {
            Self::App(package)
        } else if name.contains('/') {
            Self::Path(name)
        } else if let Some(program) = name.strip_suffix(BY_COMMAND_LINE) {
            Self::CommandLine(program)
        } else {
            Self::Described(name)
        }
    }

    /// The name of a subject from there: [`SubjectOrigin::of`] reads it.
    pub fn name(self) -> String {
        match self {
            Self::Described(name) | Self::Path(name) => name.to_owned(),
            Self::App(package) => format!("{ANDROID}{package}"),
            Self::CommandLine(program) => format!("{program}{BY_COMMAND_LINE}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_made() {
        for origin in [
            SubjectOrigin::Described("reporting-browser"),
            SubjectOrigin::App("org.mozilla.firefox"),
            SubjectOrigin::Path("/opt/some/browser"),
            SubjectOrigin::CommandLine("falkon"),
        ] {
            assert_eq!(SubjectOrigin::of(&origin.name()), origin);
        }
    }
}
