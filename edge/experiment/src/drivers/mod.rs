//! One file a kind of browser: how to start it, use it as a person would, and
//! learn which requests its pages made.

pub mod chromium;
