//! Certificate stores that can trust Candor's authority: browsers, this machine,
//! phones.
//!
//! Candor finds its certificate in each store by the authority's name, so that it
//! removes nothing else.

pub mod android;

pub mod debian;

pub mod nss;

/// The name of the authority in the stores.
pub const NAME: &str = "Candor CA";
