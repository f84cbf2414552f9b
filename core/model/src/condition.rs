//! What was unlike an ordinary machine in a run.

use crate::{Run, word::word_enum};

word_enum! {
    /// What was unlike an ordinary machine in a run, as reports print it. Only what is recognised
    /// again has a variant: [`RunCondition::Other`] is the rule here.
    RunCondition {
        /// A person used the subject, on a device of theirs: it is not as it was installed, and
        /// nobody knows who made it.
        ByHand = Run::BY_HAND,
        /// The browser ran without the sandbox of its own.
        NoSandbox = "the browser ran without its sandbox",
    }
}
