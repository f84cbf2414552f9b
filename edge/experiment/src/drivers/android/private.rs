//! How another program can open a private page in an app.
//!
//! The way for each app is in `data/subjects/`. The phone does not show whether
//! the app obeyed, so the report names the source of this knowledge.

use std::fmt;

use knowledge::subjects;
use model::Mode;

use crate::Error;

/// The way to open a private page. The text is the source of this knowledge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrivatePages {
    /// There is none, for this reason.
    Never(String),
    /// Every page of the app is private.
    Always(String),
    /// The app opens a link in private if the intent has this extra.
    Extra(String, String),
    /// The app opens an empty private tab on the intent `action`. The DevTools
    /// `socket` then loads a page in it.
    Tab { action: String, socket: String, because: String },
}

impl PrivatePages {
    /// The way for this version of an app.
    pub fn of(known: Option<&subjects::PrivateOpening>, version: &str) -> Self {
        let Some(known) = known else {
            return Self::Never("Candor knows no way in which another app opens a private page of it".to_owned());
        };
        let because = known.because.clone();
        let way = match &known.extra {
            _ if known.always => Self::Always(because),
            Some(extra) => Self::Extra(extra.clone(), because),
            None => match (known.tab.clone(), known.socket.clone()) {
                (Some(action), Some(socket)) => Self::Tab { action, socket, because },
                _ => return Self::Never(because),
            },
        };
        let first = version.split('.').next().and_then(|first| first.parse::<u32>().ok());
        if first.is_some_and(|first| first >= known.since) {
            return way;
        }
        Self::Never(format!("how to open a private page of it is known from version {} on", known.since))
    }

    /// The extra that the intent needs in this mode.
    pub(super) fn asks(&self, mode: Mode) -> Result<Option<String>, Error> {
        match self {
            Self::Extra(extra, _) if mode == Mode::Private => Ok(Some(extra.clone())),
            Self::Never(_) if mode == Mode::Private => {
                Err(Error::Cannot { driver: "this app", act: "be asked for a private page" })
            }
            _ => Ok(None),
        }
    }
}

/// The condition under which private mode was tested, or was not.
impl fmt::Display for PrivatePages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never(because) => write!(f, "private mode is untested: {because}"),
            Self::Always(because) => write!(f, "every page of this app counts as private: {because}"),
            Self::Extra(extra, because) => write!(
                f,
                "private pages were asked for by the extra {extra}, and that they were private is not seen from outside: {because}"
            ),
            Self::Tab { because, .. } => write!(
                f,
                "private pages were opened by the app's socket for developers, in a tab that is not of the ordinary context: {because}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(always: bool, extra: Option<&str>) -> subjects::PrivateOpening {
        subjects::PrivateOpening {
            always,
            extra: extra.map(str::to_owned),
            tab: None,
            socket: None,
            since: 113,
            because: "its source".to_owned(),
        }
    }

    #[test]
    fn a_private_page_is_asked_for_as_the_app_has_it() {
        let by_extra = PrivatePages::of(Some(&known(false, Some("private"))), "113.0.1 (2)");
        assert_eq!(by_extra.asks(Mode::Private).expect("it can"), Some("private".to_owned()));
        assert_eq!(by_extra.asks(Mode::Normal).expect("it can"), None);
        let always = PrivatePages::of(Some(&known(true, None)), "140.0");
        assert_eq!(always.asks(Mode::Private).expect("it can"), None);
    }

    #[test]
    fn what_is_not_known_of_a_version_is_not_done_with_it() {
        for version in ["112.2.0", "unknown", "", "v113"] {
            let old = PrivatePages::of(Some(&known(false, Some("private"))), version);
            assert!(old.asks(Mode::Private).is_err(), "{version}");
            assert_eq!(
                old.to_string(),
                "private mode is untested: how to open a private page of it is known from version 113 on"
            );
        }
        assert!(PrivatePages::of(None, "200.0").asks(Mode::Private).is_err());
        assert_eq!(
            PrivatePages::of(Some(&known(false, None)), "200.0").to_string(),
            "private mode is untested: its source"
        );
    }
}
