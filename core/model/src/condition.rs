//! Conditions in which a run differed from an ordinary machine.

use crate::{Run, word::word_enum};

word_enum! {
    /// A condition in which a run differed from an ordinary machine, as reports print it. Most
    /// conditions are free text in [`RunCondition::Other`]; only those that code compares have a
    /// variant.
    RunCondition {
        /// A person used the subject on a device of their own, so it is not freshly installed.
        ByHand = Run::BY_HAND,
        /// The browser ran without the sandbox of its own.
        NoSandbox = "the browser ran without its sandbox",
    }
}
