//! Candor's local pages: the dashboard, the switches, and the guide for phones.
//!
//! The caller passes in the data to show: the guard's [`gate::GuardState`] or,
//! for a capture without decisions, a [`gate::ActivityFeed`].
//! [`PageServer::serve`] takes a listening socket on this machine and returns
//! [`ServingPages`]; its [`link`](ServingPages::link) admits one browser, once.
//!
//! A [`PhoneGuide`] leads phones through pairing, certificate and the steps of
//! an experiment; it is a [`proxy::InternalHost`], reached only through a
//! proxy.
//!
//! All captured data may be hostile: it passes `report`'s `inert` and then
//! maud's escaping, and the page may load nothing but its own files (`shield`).
//! All text for the user is in one file, `english.rs`.
#![forbid(unsafe_code)]

mod pages;

mod state;

mod access;

mod admission;

mod entry;

mod shield;

mod routes;

mod forms;

mod copy;

mod programs;

mod live;

mod files;

mod views;

mod guide;

mod english;

mod moment;

mod secret;

mod error;

pub use error::Error;
pub use guide::{GuideProgress, GuideStep, PhoneGuide};
pub use pages::{DevicePort, PageServer, ServingPages};
