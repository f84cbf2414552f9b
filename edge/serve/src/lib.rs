//! Candor's local pages: the dashboard, the switches, and the guide for phones.
//!
//! Whoever starts them hands in what is to be shown: the guard's [`gate::GuardState`],
//! or, where nothing is decided, a [`gate::ActivityFeed`]. [`PageServer::serve`] takes a socket
//! that listens on this machine and gives a [`ServingPages`], whose
//! [`link`](Serving::link) lets one browser in, once.
//!
//! A [`PhoneGuide`] leads phones through pairing, certificate and the steps of an
//! experiment; it is a [`proxy::InternalHost`], reached only through a proxy.
//!
//! Everything captured is hostile: it passes `report`'s `inert`, then maud's
//! escaping, onto a page that may load nothing but its own files ([`door`]).
//! All that people read stands in one file, `english.rs`.
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
