//! Who is told to trust the authority: browsers, this machine, phones.
//!
//! Each store is asked under the authority's own name, so that what is removed
//! is what was installed, and nothing else.

pub mod android;

pub mod debian;

pub mod nss;

/// The name under which stores list it.
pub const NAME: &str = "Candor CA";
