//! Parts of the live commands: sockets, certificate authority, upstream settings,
//! recording, and the end of a command.
//!
//! `candor capture` and `candor guard` are built from the same parts; each command
//! adds its own handling of the traffic.

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
