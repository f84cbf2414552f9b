//! Places where a known program puts personal data: schemas of `data/schemas/`.
//!
//! A schema is applied only to requests to its endpoints. Most of its rules are
//! applied only to leaves whose last name is in a schema. Its finds count only
//! if its mark, if it has one, was seen in the same exchange.

use std::sync::Arc;

use knowledge::schemas::{Endpoint, Schema, SchemaPlace, WhySealed, last_key};
use model::{Exchange, Gap, GapReason, Kind, LayerPlace, Leaf};

use crate::{
    fixed::FixedMap,
    matches::{ExchangeMatches, MatchKind},
    scan_result::DeferredEvent,
};

mod address;

mod checksum;

mod deferral;

use checksum::ChecksumMatches;
use deferral::StatedTimes;
use model::{Guise, RecognitionMethod};

/// Every schema, indexed by domain and name.
#[derive(Clone, Default)]
pub(crate) struct SchemaIndex {
    known: Arc<KnownSchema>,
}

#[derive(Default)]
struct KnownSchema {
    schemas: Vec<Schema>,
    /// Kinds of each schema's fields.
    kinds: Vec<Vec<Kind>>,
    /// Schemas by the domain of an endpoint; with no domain, `any`.
    by_domain: FixedMap<Box<str>, Vec<u16>>,
    any: Vec<u16>,
    /// Rules by the last name of their place.
    by_key: FixedMap<Box<str>, Vec<SchemaRule>>,
    keys: NameFilter,
    /// Rules without such a name, by schema.
    open: Vec<Vec<SchemaRule>>,
}

/// A place, and its meaning in the schema.
#[derive(Clone)]
struct SchemaRule {
    schema: u16,
    at: SchemaPlace,
    means: PlaceMeaning,
}

/// The meaning of a place in a schema. The number is a position in the schema's
/// list of that kind.
#[derive(Clone, Copy)]
enum PlaceMeaning {
    Field(u16),
    Mark,
    Sealed(u16),
    Happened(u16),
    Sent(u16),
    Checksum(u16),
    Checked(u16),
    /// A place whose value can show that the field has another meaning.
    Unless(u16),
}

/// The schemas that apply to one exchange, with their finds so far.
#[derive(Default)]
pub(crate) struct SchemaQuery {
    active: Vec<ActiveSchema>,
    /// A bit for each schema that applies; numbers above 127 share the last
    /// bit.
    bits: u128,
}

struct ActiveSchema {
    schema: u16,
    /// The mark was seen, or the schema needs none.
    marked: bool,
    gaps: Vec<Gap>,
    times: StatedTimes,
    checksums: ChecksumMatches,
    /// Fields that have another meaning in this request, by an `unless` rule.
    refused: Vec<u16>,
}

/// The finds of schemas in an exchange, other than sightings.
#[derive(Default)]
pub(crate) struct SchemaFindings {
    /// Names of the schemas that recognised the exchange.
    pub(crate) names: Vec<String>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) deferred: Vec<DeferredEvent>,
}

impl SchemaIndex {
    pub(crate) fn of(schemas: &[Schema]) -> Self {
        let mut known = KnownSchema { schemas: schemas.to_vec(), ..KnownSchema::default() };
        for (number, schema) in schemas.iter().enumerate() {
            known.index(number as u16, schema);
        }
        Self { known: Arc::new(known) }
    }

    /// The schemas that apply to this exchange.
    pub(crate) fn ask(&self, exchange: &Exchange) -> SchemaQuery {
        let known = &*self.known;
        let mut active: Vec<ActiveSchema> = Vec::new();
        let (host, path) = Endpoint::parts(&exchange.request.url);
        let mut ask = |number: u16| {
            let schema = &known.schemas[usize::from(number)];
            let is_there = schema.endpoint.iter().any(|endpoint| endpoint.matches_parts(host, path));
            if is_there && active.iter().all(|active| active.schema != number) {
                active.push(ActiveSchema::new(number, schema));
            }
        };
        known.any.iter().for_each(|number| ask(*number));
        let lower = host.to_ascii_lowercase();
        let mut domain = lower.as_str();
        loop {
            known.by_domain.get(domain).into_iter().flatten().for_each(|number| ask(*number));
            let Some((_, above)) = domain.split_once('.') else { break };
            domain = above;
        }
        let bits = active.iter().fold(0, |bits, active| bits | bit(active.schema));
        SchemaQuery { active, bits }
    }

    pub(crate) fn at(&self, leaf: &Leaf<'_>, exchange: u64, asked: &mut SchemaQuery, found: &mut ExchangeMatches) {
        if asked.active.is_empty() {
            return;
        }
        let known = &*self.known;
        let bits = asked.bits;
        let name = match leaf.route.place {
            LayerPlace::Whole => "",
            LayerPlace::At(name) => name,
        };
        let key = last_key(name);
        if known.keys.may_have(key)
            && let Some(rules) = known.by_key.get(key)
        {
            for rule in rules.iter().filter(|rule| bits & bit(rule.schema) != 0) {
                known.apply(rule, leaf, exchange, asked, found);
            }
        }
        for i in 0..asked.active.len() {
            for rule in &known.open[usize::from(asked.active[i].schema)] {
                known.apply(rule, leaf, exchange, asked, found);
            }
        }
    }

    /// The finds other than sightings, after all leaves.
    pub(crate) fn said(&self, asked: SchemaQuery, exchange: &Exchange) -> SchemaFindings {
        let mut said = SchemaFindings::default();
        for active in asked.active {
            let schema = &self.known.schemas[usize::from(active.schema)];
            let checks = active.checksums.judge(schema, exchange.index);
            if !active.marked && !checks.fits {
                continue;
            }
            said.names.push(schema.name.clone());
            said.gaps.extend(active.gaps);
            said.gaps.extend(checks.gaps);
            said.deferred.extend(active.times.deferrals(schema, exchange));
        }
        said
    }
}

impl SchemaQuery {
    /// Whether a field of this schema counts: its mark was seen or a checksum
    /// fits, and no `unless` rule excludes the field.
    pub(crate) fn counts(&self, schema: u16, field: u16, schemas: &SchemaIndex) -> bool {
        self.active
            .iter()
            .filter(|active| active.schema == schema && !active.refused.contains(&field))
            .any(|active| active.marked || active.checksums.fit(&schemas.known.schemas[usize::from(schema)]))
    }
}

impl ActiveSchema {
    fn new(number: u16, schema: &Schema) -> Self {
        Self {
            schema: number,
            marked: schema.mark.0.is_empty() && !schema.endpoint.iter().any(|endpoint| endpoint.is_any()),
            gaps: Vec::new(),
            times: StatedTimes::default(),
            checksums: ChecksumMatches::default(),
            refused: Vec::new(),
        }
    }
}

impl KnownSchema {
    fn index(&mut self, number: u16, schema: &Schema) {
        self.kinds.push(schema.field.iter().map(|field| Kind::new(&field.kind)).collect());
        self.open.push(Vec::new());
        for endpoint in &schema.endpoint {
            match endpoint.domain() {
                None if self.any.last() != Some(&number) => self.any.push(number),
                None => {}
                Some(domain) => self.by_domain.entry(domain.into()).or_default().push(number),
            }
        }
        let numbered = |i: usize| i as u16;
        for at in &schema.mark.0 {
            self.rule(number, at, PlaceMeaning::Mark);
        }
        for (i, field) in schema.field.iter().enumerate() {
            field.at.0.iter().for_each(|at| self.rule(number, at, PlaceMeaning::Field(numbered(i))));
            let unless = field.unless.iter().flat_map(|unless| &unless.at.0);
            unless.for_each(|at| self.rule(number, at, PlaceMeaning::Unless(numbered(i))));
        }
        for (i, sealed) in schema.sealed.iter().enumerate() {
            sealed.at.0.iter().for_each(|at| self.rule(number, at, PlaceMeaning::Sealed(numbered(i))));
        }
        for (i, deferred) in schema.deferred.iter().enumerate() {
            deferred.happened.0.iter().for_each(|at| self.rule(number, at, PlaceMeaning::Happened(numbered(i))));
            let sent = deferred.sent.iter().flat_map(|sent| &sent.0);
            sent.for_each(|at| self.rule(number, at, PlaceMeaning::Sent(numbered(i))));
        }
        for (i, check) in schema.check.iter().enumerate() {
            check.at.0.iter().for_each(|at| self.rule(number, at, PlaceMeaning::Checksum(numbered(i))));
            check.of.0.iter().for_each(|at| self.rule(number, at, PlaceMeaning::Checked(numbered(i))));
        }
    }

    fn rule(&mut self, schema: u16, at: &SchemaPlace, means: PlaceMeaning) {
        let rule = SchemaRule { schema, at: at.clone(), means };
        match at.keys() {
            None => self.open[usize::from(schema)].push(rule),
            Some(keys) => {
                for key in keys {
                    self.keys.add(key);
                    self.by_key.entry(key.into()).or_default().push(rule.clone());
                }
            }
        }
    }

    fn apply(
        &self,
        rule: &SchemaRule,
        leaf: &Leaf<'_>,
        exchange: u64,
        asked: &mut SchemaQuery,
        found: &mut ExchangeMatches,
    ) {
        let Some(active) = asked.active.iter_mut().find(|active| active.schema == rule.schema) else { return };
        if !rule.at.matches(leaf.route) {
            return;
        }
        let schema = &self.schemas[usize::from(rule.schema)];
        match rule.means {
            PlaceMeaning::Mark => active.marked = true,
            PlaceMeaning::Field(i) => {
                let field = &schema.field[usize::from(i)];
                if says_nothing(leaf.value) || field.except.iter().any(|except| except.as_bytes() == leaf.value) {
                    return;
                }
                let planned = &self.kinds[usize::from(rule.schema)][usize::from(i)];
                let Some(kind) = address::kind(planned, leaf.value, field.guise.is_some()) else { return };
                let of = MatchKind {
                    canary: None,
                    kind: &kind,
                    guise: field.guise.clone().map_or(Guise::Plain, Guise::Digest),
                    how: RecognitionMethod::Schema,
                    weak: false,
                };
                found.add_of_schema(exchange, leaf, of, (rule.schema, i), &schema.name);
            }
            PlaceMeaning::Unless(i) => {
                let is = schema.field[usize::from(i)]
                    .unless
                    .as_ref()
                    .is_some_and(|unless| unless.is.as_bytes() == leaf.value);
                if is {
                    active.refused.push(i);
                }
            }
            PlaceMeaning::Sealed(i) => {
                let sealed = &schema.sealed[usize::from(i)];
                let why = match sealed.why {
                    WhySealed::Sealed => GapReason::Sealed,
                    WhySealed::Unsupported => GapReason::Unsupported,
                };
                let place = leaf.route.trail();
                active.gaps.push(Gap { exchange: Some(exchange), place, why, says: sealed.says.clone() });
            }
            PlaceMeaning::Happened(i) => active.times.happened(i, leaf),
            PlaceMeaning::Sent(i) => active.times.sent(i, leaf),
            PlaceMeaning::Checksum(i) => active.checksums.sum(i, leaf),
            PlaceMeaning::Checked(i) => active.checksums.text(i, &schema.check[usize::from(i)], leaf),
        }
    }
}

fn bit(schema: u16) -> u128 {
    1 << schema.min(127)
}

/// Whether a value is empty in the way programs write it: zeros, or a word such
/// as `null`.
fn says_nothing(value: &[u8]) -> bool {
    const NOTHING: [&str; 12] =
        ["null", "(null)", "undefined", "unknown", "none", "nil", "n/a", "-", "[]", "{}", "false", "nan"];
    let value = value.trim_ascii();
    value.iter().all(|byte| b"0-:.\0".contains(byte))
        || NOTHING.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// A Bloom filter of names: it may contain too many names, but misses none. It
/// is fast, because most names are in no schema.
struct NameFilter([u64; 64]);

impl Default for NameFilter {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl NameFilter {
    fn slot(key: &str) -> Option<(usize, u32)> {
        let bytes = key.as_bytes();
        let (first, last) = (usize::from(*bytes.first()?), u32::from(*bytes.last()?));
        let middle = usize::from(bytes[bytes.len() / 2]);
        Some(((first * 31 + middle * 7 + bytes.len()) % 64, (last * 13 + bytes.len() as u32) % 64))
    }

    fn add(&mut self, key: &str) {
        if let Some((word, bit)) = Self::slot(key) {
            self.0[word] |= 1 << bit;
        }
    }

    fn may_have(&self, key: &str) -> bool {
        Self::slot(key).is_some_and(|(word, bit)| self.0[word] >> bit & 1 == 1)
    }
}
