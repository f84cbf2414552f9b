//! What a person with a phone is asked to do, one thing at a time.

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuideStep {
    /// In a few words: `Open this page`.
    pub title: String,
    /// What to do, and how.
    pub says: String,
    /// An address to open: shown as a link, and as text to be typed.
    pub open: Option<String>,
    /// Words to type or a name to give, exactly.
    pub text: Option<String>,
    /// To be done in a private tab.
    pub private: bool,
}

/// How far somebody has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuideProgress {
    /// Steps that are done.
    pub done: usize,
    /// All of them.
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
