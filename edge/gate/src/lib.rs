//! The guard at work: what `core/guard` decides is done, shown and kept.
//!
//! A [`Keeper`] holds the person's choices, the values they entered and what is
//! known of each client; a [`Port`] is one proxy's gate on it, for one mode.
//! Choices live in a file that may be edited; a change counts before whoever
//! made it has an answer. Of traffic only what was stopped or asked is kept, and
//! of private mode nothing outside memory.
#![forbid(unsafe_code)]

mod keeper;

mod port;

mod watcher;

mod clients;

mod event;

mod board;

mod tally;

mod change;

mod chosen;

mod comments;

mod entered;

mod kept;

mod digests;

mod files;

mod clock;

mod error;

pub use board::{Board, DeviceSeen, Told};
pub use change::Change;
pub use error::Error;
pub use event::{Event, Found};
pub use files::{read as read_private, write as write_private};
pub use keeper::{Folder, Keeper};
pub use port::{HERE, Port};
pub use tally::{Counts, Flow, Goal, Tally};
pub use watcher::Watcher;
