//! What `candor guard` and `candor open` stand on besides the parts that every
//! live command has.

pub mod ports;

pub mod entering;

pub mod recording;

pub mod running;

pub mod profile;

pub mod extension;

pub mod chromium;

pub mod firefox;
