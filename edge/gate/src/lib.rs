//! The guard at work: what `core/guard` decides is done, shown and kept.
//!
//! A [`GuardState`] holds the person's choices, the values they entered and what is
//! known of each client; a [`GuardGate`] is one proxy's gate on it, for one mode.
//! Choices live in a file that may be edited; a change counts before whoever
//! made it has an answer. Of traffic only what was stopped or asked is kept, and
//! of private mode nothing outside memory.
#![forbid(unsafe_code)]

mod inspection_pool;

mod state;

mod guard_gate;

mod watcher;

mod clients;

mod event;

mod activity_feed;

mod counts;

mod change;

mod choices_file;

mod comments;

mod entered;

mod kept_evidence;

mod digests;

mod files;

mod clock;

mod error;

pub use activity_feed::{ActivityFeed, ChangeNotice, DeviceSeen};
pub use change::ChoiceChange;
pub use counts::{EventCounts, FlowGoal, HourlyCounts, ValueFlow};
pub use error::Error;
pub use event::{FoundValue, GuardEvent};
pub use files::{read as read_private, write as write_private};
pub use guard_gate::{GuardGate, HERE};
pub use state::{GuardFolder, GuardState};
pub use watcher::AnswerWatcher;
