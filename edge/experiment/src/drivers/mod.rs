//! One file a kind of browser: how to start it, use it as a person would, and
//! learn which requests its pages made.

pub mod browser;

pub mod launch;

pub mod visited;

pub mod chromium;

pub mod firefox;

pub mod window;

pub mod phone;

pub mod android;

pub mod guided;

mod trust;

mod confined;
