//! The pages a subject visits, and the canaries in them.
//!
//! A page's own requests look like leaks of its own address, so Candor serves
//! the pages itself: whatever then goes anywhere else comes from the device.
//! Browsers treat reserved names differently (`.test`, IP addresses), so honey
//! sites have ordinary registrable names that nobody could guess. Everything
//! here follows from a seed: the same seed plants the same canaries.
#![forbid(unsafe_code)]

mod names;

mod generator;

mod sites;

mod pages;

pub mod beacon;

mod manifest;

pub use generator::{ActCanaries, CanaryGenerator, SiteVisit};
pub use names::NameStream;
pub use pages::LINK;
pub use sites::{HoneyAnswer, HoneySites};
