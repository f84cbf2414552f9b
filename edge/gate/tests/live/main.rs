//! The guard at work on loopback: a proxy with its gate between clients and
//! servers of the tests' own.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "in a test a panic is the report, and a skip has a reason"
)]

mod stand;

mod client;

mod gauntlet;

mod routes;
