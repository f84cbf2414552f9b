//! The off switch with real browsers: what reports, reports into nothing; what
//! pages do goes on as ever.
//!
//! Everything is in namespaces of the test's own: the browsers, the guard's
//! ports and its page inside; the one server that is every server is reached
//! from there only through the guard.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "in a test a panic is the report, and a skip has a reason"
)]

mod stage;

mod server;

mod guarded;

mod report;

mod case;

mod sites;

mod behaviours;
