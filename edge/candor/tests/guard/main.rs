//! `candor guard` as a person has it, between curl and servers of the tests' own.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod stage;

mod switch;
