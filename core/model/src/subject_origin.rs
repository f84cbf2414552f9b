//! The origin of a subject, encoded in its name.
//!
//! Evidence names a subject by one text. All code that makes or parses such a name uses this
//! module.

/// The prefix before the package name of an app.
const ANDROID: &str = "android:";

/// The suffix behind the program of a command line.
const BY_COMMAND_LINE: &str = " by command line";

/// The origin of a subject.
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
    /// Parses the name of a subject.
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

    /// The name of a subject of this origin; [`SubjectOrigin::of`] parses it.
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
