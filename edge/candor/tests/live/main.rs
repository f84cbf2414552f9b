//! The live commands, run as a person runs them.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "in a test a panic is the report")]

mod capture;

mod ca;

mod faults;

mod stage;
