//! To whom a request went, and who sent it.
//!
//! Both answers come with their reason. Hosts are looked up in `data/owners/`;
//! sides follow from what Candor itself served and what a driver listed.
//! Headers may accuse, never acquit: they are written by the accused.
#![forbid(unsafe_code)]

mod destination;

mod side;

pub use destination::{destination, site_of};
pub use side::Sides;
