//! What the live commands stand on: where they listen, the authority that they
//! sign with, how servers are reached, who is written down, and how they end.
//!
//! `candor capture` and `candor guard` put the same parts together; what one of
//! them means to do with the traffic is its own.

pub mod alive;

pub mod answers;

pub mod authority;

pub mod beyond;

pub mod cable;

pub mod doors;

pub mod devices;

pub mod folder;

pub mod ledger;

pub mod limits;

pub mod owed;

pub mod proxies;

pub mod stopping;

pub mod tally;

pub mod transparent;

pub mod watching;
