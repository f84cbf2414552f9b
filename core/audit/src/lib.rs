//! The only crate that uses all stages: it takes records and gives an audit.
//!
//! An [`Auditor`] takes the records of a capture in order. It decodes each
//! exchange (`decode`) and searches it (`detect`) at once. Owner and initiator
//! (`attribute`) and verdicts (`judge`) follow at the end, when all requests of
//! pages are known. The same records and the same knowledge give the same
//! audit.
#![forbid(unsafe_code)]

mod auditor;

mod inspector;

mod audit;

mod given_up;

mod control;

mod closed;

mod unique;

mod destinations;

mod changing;

mod counts;

mod difference;

pub use audit::{Audit, CaptureSummary, Coverage, IgnoredCanary, LocatedSighting};
pub use auditor::{AuditOptions, Auditor};
pub use counts::DestinationCounts;
pub use difference::{AuditDifference, ComparedAudit, DataFlow, FindingKey, VerdictChange};
pub use inspector::{InspectedExchange, Inspector};
