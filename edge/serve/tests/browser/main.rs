//! The pages in a real browser.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "../../../candor/tests/window/mod.rs"]
mod window;

mod demo;

mod looks;

mod attacks;

mod guided;

mod everyone;
