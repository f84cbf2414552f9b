//! Recognises personal data in opened values.
//!
//! A [`Detector`] is told what was planted: canaries, and the pages that were
//! given out. It prepares once what each of them may look like, and then looks
//! at the values of one exchange after another: a [`ExchangeScan`] is handed every
//! leaf, wrapping first, and says at its end what was seen, each thing at the
//! deepest place that shows it.
//!
//! What it costs does not depend on how much was planted: texts are found by a
//! filter over four-byte runs ([`grams`]), digests by one table that holds all
//! of them. Digests are never searched for as texts.
//!
//! There is nothing here about what a sighting means, whose a host is, or how
//! a value was unwrapped.
#![forbid(unsafe_code)]

mod detector;

mod exchange_scan;

mod scan_result;

mod detectors;

mod forms;

mod refused;

mod grams;

mod digests;

mod matches;

mod pending;

mod fixed;

pub use detector::Detector;
pub use exchange_scan::ExchangeScan;
pub use pending::PendingMatches;
pub use refused::RefusedCanary;
pub use scan_result::{DeferredEvent, ScanResult};
