//! To whom a request went, and who sent it.
//!
//! Both answers come with their reason. Hosts are looked up in `data/owners/`;
//! sides follow from what Candor itself served, and from nothing that the subject says.
//! Headers may accuse, never acquit: they are written by the accused.
#![forbid(unsafe_code)]

mod destination;

mod questions;

mod initiator;

pub use destination::{destination, host_of, site_of};
pub use initiator::Initiators;
pub use questions::QuestionNames;
