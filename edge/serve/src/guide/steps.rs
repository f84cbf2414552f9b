//! The steps that the user of a phone is asked to do, one at a time.

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuideStep {
    /// A short title: `Open this page`.
    pub title: String,
    /// What the user has to do, and how.
    pub says: String,
    /// An address to open: shown as a link, and as text for typing.
    pub open: Option<String>,
    /// Text that the user has to type exactly.
    pub text: Option<String>,
    /// Whether the step needs a private tab.
    pub private: bool,
}

/// How many steps are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuideProgress {
    /// The number of steps that are done.
    pub done: usize,
    /// Whether all steps are done.
    pub over: bool,
}

impl GuideStep {
    pub fn new(title: impl Into<String>, says: impl Into<String>) -> Self {
        Self { title: title.into(), says: says.into(), open: None, text: None, private: false }
    }

    #[must_use]
    pub fn open(mut self, address: impl Into<String>) -> Self {
        self.open = Some(address.into());
        self
    }

    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    #[must_use]
    pub fn in_private(mut self) -> Self {
        self.private = true;
        self
    }
}
