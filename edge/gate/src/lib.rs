//! The running guard: executes, shows and records the decisions of
//! `core/guard`.
//!
//! A [`GuardState`] holds the user's choices, the values they entered, and the
//! memory of each client; a [`GuardGate`] is the gate of one proxy, for one
//! mode. The choices are stored in a file that the user may edit; a change
//! takes effect before its caller gets a response. Only requests that were
//! stopped or shown are recorded, and private mode is only in memory.
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
