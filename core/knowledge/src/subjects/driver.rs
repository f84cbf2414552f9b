//! How a subject is used.

use serde::Deserialize;

/// Which driver speaks to a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectDriver {
    /// Remote control of the Chromium family, by DevTools.
    Chromium,
    /// Remote control of the Firefox family, by WebDriver BiDi.
    Firefox,
    /// Keys into the window of any browser.
    Window,
    /// A phone that Candor simulates, without a browser.
    Phone,
    /// A person, by what the pages of the guide ask for.
    Guided,
    /// An app on a phone, by adb.
    Android,
}

impl SubjectDriver {
    /// Its name in `data/subjects/`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Window => "window",
            Self::Phone => "phone",
            Self::Guided => "guided",
            Self::Android => "android",
        }
    }

    /// Whether it controls a browser from outside, so that an arm without such an instrument
    /// can be compared with it.
    pub const fn is_remote_control(self) -> bool {
        matches!(self, Self::Chromium | Self::Firefox)
    }

    /// Whether it uses a browser on this machine.
    pub const fn is_browser_here(self) -> bool {
        matches!(self, Self::Chromium | Self::Firefox | Self::Window)
    }

    /// Whether the subject is a program on this machine.
    pub const fn is_program_here(self) -> bool {
        self.is_browser_here() || matches!(self, Self::Phone)
    }
}
