//! The destination and the initiator of each request.
//!
//! Both come with a reason. Hosts are looked up in `data/owners/`. The initiator is derived from
//! the pages that Candor itself served, and not from what the subject states. Headers may accuse
//! but never acquit, because the accused writes them.
#![forbid(unsafe_code)]

mod destination;

mod questions;

mod initiator;

pub use destination::{destination, host_of, site_of};
pub use initiator::Initiators;
pub use questions::QuestionNames;
