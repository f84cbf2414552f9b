//! The one place where the stages meet: records in, an audit out.
//!
//! An [`Auditor`] is pushed the records of a capture in order. Each exchange is
//! opened (`decode`) and looked at (`detect`) at once; whose it is, who sent it
//! (`attribute`) and what it means for a promise (`judge`) is said at the end,
//! when all that pages asked for is known. The same records and the same
//! knowledge give the same audit.
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
