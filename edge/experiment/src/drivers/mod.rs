//! One module for each kind of browser or phone: how to start it, use it as a
//! person would, and list the requests of its pages.

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
