//! What the formats say of two audits: one built by hand, small enough to be
//! printed whole, and one of records of a browser that reports.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod in_force;

mod small;

mod reporting;

mod programs;

mod people;

mod whose;

mod hostile;
