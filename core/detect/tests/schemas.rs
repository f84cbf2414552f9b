//! Every schema of `data/schemas/` is held to its own examples, and to the
//! kinds there are.

mod checks;

#[path = "checks/examples.rs"]
mod examples;

use std::{collections::BTreeSet, fmt::Write as _};

use checks::lines;
use decode::DecodeLimits;
use detect::{Detector, ScanResult};
use examples::exchange_of;
use knowledge::{
    Knowledge,
    schemas::{Schema, SchemaExample},
};
use model::{Exchange, Page, PageForm, RecognitionMethod, Time};

#[test]
fn every_schema_finds_in_its_examples_what_it_says() {
    let knowledge = Knowledge::built_in();
    let mut wrong = String::new();
    for schema in &knowledge.schemas {
        for (i, example) in schema.example.iter().enumerate() {
            if let Err(says) = holds(&knowledge, schema, example) {
                let _ = writeln!(wrong, "{} example {}: {says}", schema.path, i + 1);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_schema_has_an_example_and_a_counter_example() {
    for schema in &Knowledge::built_in().schemas {
        let shows = |example: &&SchemaExample| !example.finds.is_empty() || example.sealed;
        let (finds, not): (Vec<_>, Vec<_>) = schema.example.iter().partition(shows);
        assert!(!finds.is_empty(), "{} has no example that finds something", schema.path);
        assert!(!not.is_empty(), "{} has no example that finds nothing", schema.path);
    }
}

#[test]
fn every_kind_that_a_schema_names_is_one_that_there_is() {
    let knowledge = Knowledge::built_in();
    for schema in &knowledge.schemas {
        let fields = schema.field.iter().map(|field| &field.kind);
        for kind in fields.chain(schema.recipe.iter().map(|recipe| &recipe.kind)) {
            let known = knowledge.kinds.kind(kind);
            assert_eq!(known.map(|known| &known.id), Some(kind), "{}", schema.path);
        }
    }
}

fn holds(knowledge: &Knowledge, schema: &Schema, example: &SchemaExample) -> Result<(), String> {
    let (exchange, seen) = look(knowledge, schema, example);
    let of_it =
        seen.sightings.iter().filter(|sighting| sighting.how == RecognitionMethod::Schema || sighting.canary.is_none());
    let found: BTreeSet<&str> = of_it.map(|sighting| sighting.kind.as_str()).collect();
    let says: BTreeSet<&str> = example.finds.iter().map(String::as_str).collect();
    let sealed = seen.gaps.iter().any(|gap| gap.why != model::GapReason::Broken);
    if found == says && sealed == example.sealed && seen.deferred.is_empty() != example.deferred {
        let is_named = seen.schemas.contains(&schema.name);
        return if is_named || says.is_empty() { Ok(()) } else { Err(format!("taken for {:?}", seen.schemas)) };
    }
    let mut leaves = String::new();
    let mut visit = |leaf: &model::Leaf<'_>| {
        let _ = writeln!(leaves, "  {} = {}", leaf.route.trail(), model::Sighting::shown(leaf.value));
    };
    decode::open(&exchange, &DecodeLimits::default(), &mut visit, &mut Vec::new());
    Err(format!(
        "finds {found:?}, says {says:?}; sealed {sealed}, {} deferred\n{}values:\n{leaves}",
        seen.deferred.len(),
        lines(&seen.sightings),
    ))
}

fn look(knowledge: &Knowledge, schema: &Schema, example: &SchemaExample) -> (Exchange, ScanResult) {
    let exchange = exchange_of(schema, example);
    let mut detector = Detector::new(knowledge);
    if let Some(page) = &example.page {
        let form = |names: &Vec<String>| PageForm { name: names[0].clone(), fields: names[1..].to_vec() };
        let forms = page.forms.iter().map(form).collect();
        detector.page(&Page {
            trial: 0,
            at: Time(0),
            url: page.url.clone(),
            title: page.title.clone(),
            forms,
            resources: vec![],
        });
    }
    let mut look = detector.look(&exchange);
    decode::open(&exchange, &DecodeLimits::default(), &mut |leaf| look.at(leaf), &mut Vec::new());
    let seen = look.done();
    (exchange, seen)
}
