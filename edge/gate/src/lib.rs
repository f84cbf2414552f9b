//! The guard at work: what `core/guard` decides is done, shown and kept.
//!
//! A [`GuardState`] holds the person's choices, the values they entered and what is
//! known of each client; a [`GuardGate`] is one proxy's gate on it, for one mode.
//! Choices live in a file that may be edited; a change counts before whoever
//! made it has an answer. Of traffic only what was stopped or asked is kept, and
//! of private mode nothing outside memory.
#![forbid(unsafe_code)]

mod inspection_pool;

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

pub use board::{ActivityFeed, ChangeNotice, DeviceSeen};
pub use change::ChoiceChange;
pub use error::Error;
pub use event::{FoundValue, GuardEvent};
pub use files::{read as read_private, write as write_private};
pub use keeper::{GuardFolder, GuardState};
pub use port::{GuardGate, HERE};
pub use tally::{EventCounts, FlowGoal, HourlyCounts, ValueFlow};
pub use watcher::AnswerWatcher;
