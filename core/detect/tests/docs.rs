//! `docs/schemas.md` is written from `data/schemas/` and `data/kinds.toml`, and
//! compared here. `UPDATE_EXPECT=1 cargo test -p detect --test docs` writes it
//! anew.

use std::{collections::BTreeSet, fmt::Write as _};

use expect_test::expect_file;
use knowledge::{
    Knowledge,
    schemas::{Schema, SchemaPlace},
};

#[test]
fn the_page_about_schemas_says_what_the_data_says() {
    expect_file!["../../../docs/schemas.md"].assert_eq(&page(&Knowledge::built_in()));
}

fn page(knowledge: &Knowledge) -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("## Kinds of data\n\n| kind | in plain words | sensitivity | because |\n|---|---|---|---|\n");
    for kind in knowledge.kinds.all() {
        let _ = writeln!(page, "| `{}` | {} | {} | {} |", kind.id, kind.says, kind.sensitivity, kind.because);
    }
    let _ = writeln!(page, "\n## {} schemas\n", knowledge.schemas.len());
    page.push_str("| schema | requests go to | what it finds |\n|---|---|---|\n");
    for schema in &knowledge.schemas {
        let _ = writeln!(
            page,
            "| [{}](../data/{}) | {} | {} |",
            schema.name,
            schema.path,
            endpoints(schema),
            finds(schema)
        );
    }
    page.push_str("\n## Places\n");
    for schema in &knowledge.schemas {
        let _ = writeln!(page, "\n### {}\n", schema.name);
        if let Some(built_from) = &schema.built_from {
            let _ = writeln!(page, "Built from a {built_from}, not from a capture.\n");
        }
        page.push_str(&places(schema));
    }
    page
}

const INTRODUCTION: &str = "\
# Schemas

A schema says how a known program packs what it sends: where its requests go, at
which places in them personal data stands, and why we say so. It is a file below
`data/schemas/`, and it carries examples and counter-examples that a test runs.

This page is written from those files. Places are written as reports print them;
`*` stands for any name or number, `a|b` for either, `**` for anything in
between. Layers that only carry (percent-coding, compression) are left out.

";

fn endpoints(schema: &Schema) -> String {
    const SHOWN: usize = 3;
    let mut all: Vec<String> = schema.endpoint.iter().take(SHOWN).map(|endpoint| cell(&endpoint.to_string())).collect();
    if schema.endpoint.len() > SHOWN {
        all.push(format!("and {} more", schema.endpoint.len() - SHOWN));
    }
    all.join(", ")
}

fn finds(schema: &Schema) -> String {
    let kinds: BTreeSet<&str> = schema.field.iter().map(|field| field.kind.as_str()).collect();
    let mut all: Vec<String> = kinds.into_iter().map(str::to_owned).collect();
    all.extend(schema.recipe.iter().map(|recipe| format!("{} by a recipe", recipe.kind)));
    if !schema.sealed.is_empty() {
        all.push("*sealed parts*".into());
    }
    if !schema.deferred.is_empty() {
        all.push("*events sent late*".into());
    }
    all.join(", ")
}

fn places(schema: &Schema) -> String {
    let mut text = String::new();
    let because = |own: &Option<String>| own.clone().or_else(|| schema.because.clone()).unwrap_or_default();
    for field in &schema.field {
        let guise = field.guise.as_ref().map(|guise| format!(" as `{guise}`")).unwrap_or_default();
        let _ = writeln!(text, "- **{}**{guise}: {}. {}", field.kind, list(&field.at.0), because(&field.because));
    }
    for recipe in &schema.recipe {
        let keep = recipe.keep.map(|keep| format!(", first {keep} bytes")).unwrap_or_default();
        let of = format!("{} of `{}`{keep}", recipe.digest, recipe.of);
        let _ =
            writeln!(text, "- **{}** by a recipe: {of}, at {}. {}", recipe.kind, list(&recipe.at.0), recipe.because);
    }
    for sealed in &schema.sealed {
        let _ = writeln!(text, "- *not readable*: {}: {}.", list(&sealed.at.0), sealed.says);
    }
    for late in &schema.deferred {
        let _ = writeln!(text, "- *sent late*, from {} seconds on: {}.", late.at_least, list(&late.happened.0));
    }
    text
}

fn list(places: &[SchemaPlace]) -> String {
    let mut all: Vec<String> = places.iter().map(|at| format!("`{at}`")).collect();
    const SHOWN: usize = 6;
    if all.len() > SHOWN {
        let more = all.len() - SHOWN;
        all.truncate(SHOWN);
        all.push(format!("and {more} more"));
    }
    all.join(", ")
}

/// Code in a table: a bar would end the cell.
fn cell(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}
