//! The position of a switch of the subject.

use crate::word::word_enum;

word_enum! {
    /// The position that a switch of the subject was set to.
    SwitchSetting {
        /// The position after installation.
        Default = "default",
        On = "on",
        Off = "off",
        /// Turned off by the driver during the trial.
        TurnedOff = "turned-off",
        /// The position that the owner of the device left; nobody read it.
        AsLeft = "as-left",
    }
}
