//! The pages over a real socket: what works, and who is not let in.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod stage;

mod safety;

mod switches;

mod programs;

mod live;

mod events;

mod keeping;

mod guide;

mod through;
