//! What the live commands stand on: where they listen, the authority that they
//! sign with, how servers are reached, who is written down, and how they end.
//!
//! `candor capture` and `candor guard` put the same parts together; what one of
//! them means to do with the traffic is its own.

pub mod alive;

pub mod answers;

pub mod authority;

pub mod upstream;

pub mod phone_session;

pub mod doors;

pub mod devices;

pub mod folder;

pub mod evidence_sink;

pub mod limits;

pub mod undo_journal;

pub mod proxies;

pub mod stopping;

pub mod counts;

pub mod nft_redirect;

pub mod live_view;
