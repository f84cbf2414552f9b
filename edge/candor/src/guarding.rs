//! Parts of `candor guard` and `candor open`, besides those that all live commands
//! have.

pub mod ports;

pub mod entering;

pub mod recording;

pub mod running;

pub mod profile;

pub mod extension;

pub mod chromium;

pub mod firefox;
