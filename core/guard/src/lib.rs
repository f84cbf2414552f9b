//! The guard: it decides for each request whether it may leave the machine.
//!
//! [`decide`] takes a request (which may be incomplete), the sightings in it,
//! the state of its client, and the person's choices. It returns pass, hold,
//! absorb or cut, with the reason. Every kind of data is off until the person
//! turns it on.
//!
//! A [`GuardClient`] remembers the recent activity of a browser or device.
//! Visited addresses and searched words are *live canaries*: the guard searches
//! for them in requests to other sites. The hosts that were named in answers to
//! the browser's pages distinguish the requests of pages from the browser's
//! own. Both are forgotten after a while.
//!
//! A page's first-party traffic passes without being read. Exceptions are
//! requests for suggestions and for autofill that neither our extension nor a
//! header marks as a page's. This crate has no socket and no clock:
//! [`GuardTime`] is an argument.
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
