//! Runs a scenario on a subject.
//!
//! A subject runs in a [`cell`] with its own network, files and users, which
//! leaves no trace when the trial ends. A driver ([`drivers`]) uses the subject as
//! a person would, and lists the requests of its pages.
#![forbid(unsafe_code)]

mod plan;

mod run;

mod guided;

mod trial;

mod subject_setup;

mod desktop;

mod in_force;

mod control;

mod sinkhole;

mod evidence_sink;

mod datagrams;

pub mod cell;

pub mod display;

pub mod drivers;

pub mod extension;

pub mod rpc;

mod error;

pub use error::Error;
pub use guided::{GuidedRun, PhoneListeners, guide};
pub use plan::{PlannedStep, PlannedTrial, RunPlan};
use proxy::now;
pub use run::{RunOutcome, RunProgress, RunRequest, conduct};
pub use sinkhole::Sinkhole;
