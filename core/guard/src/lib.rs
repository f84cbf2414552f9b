//! The off switch: decides, request by request, what may leave.
//!
//! [`decide`] is told a request as far as it has come, what was found in it,
//! what is known of the client that sends it, and what the person chose, and
//! says: pass, hold, absorb or cut, with the reason. Everything is off until
//! the person turns it on.
//!
//! A [`GuardClient`] remembers what its device or browser was just doing: the
//! addresses visited and the words searched for are *live canaries*, looked for
//! in whatever it sends elsewhere; the hosts that stood in answers given to it
//! tell a page's requests from its own. It forgets both after a while.
//!
//! A page's first-party traffic is never touched, and never even looked at,
//! except suggestions and questions about forms that nothing marks as a page's.
//! There is no socket here and no clock: [`GuardTime`] is an argument.
#![forbid(unsafe_code)]

mod time;

mod identity;

mod choices;

mod decide;

mod reason;

mod relationship;

mod service;

mod client;

mod visits;

mod answers;

mod hosts;

mod memory;

mod values;

mod visit_digests;

mod searches;

mod request_scan;

mod unexplained;

mod entered;

pub use choices::{
    BadChoices, Choices, DeviceChoices, HostAction, HostRule, KindSet, ProgramChoices, SetStand, SuggestionSwitch,
    SwitchRow, SwitchState, SwitchTable, TemporaryAllow, UnreadChoice, UnreadChoices,
};
pub use client::{GuardClient, InspectionNeed, destination};
pub use decide::{Decision, GuardAction, HELD_BYTES, HELD_MICROS, RequestContext, decide};
pub use entered::EnteredValues;
pub use identity::ClientIdentity;
pub use memory::DeviceMemory;
pub use reason::{DecisionReason, ReportReason};
pub use relationship::RequestParty;
pub use request_scan::RequestScan;
pub use time::GuardTime;
pub use values::{CompactedMemory, MemoryCompaction, MemoryView};
pub use visit_digests::MemoryKey;

#[cfg(test)]
mod checks;

#[cfg(test)]
mod every_switch_acts;

#[cfg(test)]
mod no_way_around;
