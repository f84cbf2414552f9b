//! Compares what was seen with what was promised.
//!
//! The judge takes a complete [`JudgeInput`] and returns verdicts on promises,
//! each with its evidence and its bound, and findings. It accuses only if a
//! sighting can be replayed. It acquits only if a breach would have been seen. It
//! names everything that it could not see.
#![forbid(unsafe_code)]

mod input;

mod acts;

mod switches;

mod places;

mod noise;

mod unopened;

mod fields;

mod identifiers;

mod sealed;

mod outcome;

mod guise;

mod instruments;

mod nearness;

mod verdict;

mod bound;

mod rules;

mod reference;

mod recall;

mod combinations;

pub use acts::ActCount;
pub use bound::upper_bound;
pub use combinations::{SwitchCombination, combinations};
pub use fields::{ExchangeFields, FieldCollector, FieldValue, PlantedText, ValueClass, piece_of};
pub use identifiers::{Identifier, IdentifierCircumstances, IdentifierScope, IdentifierTable};
pub use input::{CaseTests, JudgeInput, JudgedExchange, LateEvent, SightingContext};
pub(crate) use instruments::InstrumentCache;
pub use knowledge::promises::{Sentence, SentenceClass, SentenceSource};
pub use noise::{SEALED_BITS, noise_bits};
pub use outcome::Outcome;
pub use places::digest;
pub use recall::{BeaconRecall, RecallCount};
pub use reference::{ReferenceComparison, ReferenceOutcome, TrafficDifference, reference};
pub use rules::{CODES, Finding, Severity, disclosed, findings};
pub use sealed::{ALPHA, DependentHost, SealedDependence, TestResult, TrafficMeasure, dependence};
pub use switches::{SwitchInPhase, SwitchPosition};
pub use unopened::{SealedField, UnopenedFields};
pub use verdict::{Verdict, verdicts};
