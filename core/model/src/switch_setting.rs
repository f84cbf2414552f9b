//! Where a switch of the subject stands.

use crate::word::word_enum;

word_enum! {
    /// Where a switch of the subject was put.
    SwitchSetting {
        /// Where the installation put it.
        Default = "default",
        On = "on",
        Off = "off",
        /// Off from the moment on at which the driver threw it.
        TurnedOff = "turned-off",
        /// Where its owner left it: nobody looked.
        AsLeft = "as-left",
    }
}
