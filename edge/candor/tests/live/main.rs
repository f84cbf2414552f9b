//! The live commands, run as a person runs them.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "in a test a panic is the report")]

mod capture;

mod page;

mod guided;

mod refused;

mod android;

mod ca;

mod faults;

mod stage;

#[allow(dead_code, reason = "shared with the tests of the client")]
#[path = "../../../adb/tests/fake/phone.rs"]
mod phone;
