//! `docs/decoders.md` says what the code does: it is written from the list of
//! decoders. `UPDATE_EXPECT=1 cargo test -p decode` writes it anew.

use std::fmt::Write;

use decode::{DecodeLimits, decoders};
use expect_test::expect_file;

#[test]
fn the_page_of_decoders_is_true() {
    expect_file!["../../../docs/decoders.md"].assert_eq(&page());
}

#[test]
fn every_decoder_says_what_it_undoes_under_a_name_of_its_own() {
    let mut names: Vec<_> = decoders().map(|decoder| decoder.name).collect();
    assert!(decoders().all(|decoder| !decoder.about.is_empty() && !decoder.about.contains('|')));
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

fn page() -> String {
    let mut page = String::from(HEAD);
    for decoder in decoders() {
        let weak = if decoder.weak { " *Weak.*" } else { "" };
        writeln!(page, "| `{}` | {}.{weak} |", decoder.name, decoder.about.replace('<', "&lt;"))
            .expect("writing to memory");
    }
    let DecodeLimits { depth, nodes, bytes, work } = DecodeLimits::default();
    write!(
        page,
        "\n## Budgets\n\nFor one exchange, unless told otherwise: {depth} layers, {nodes} values, {} MiB produced by\n\
         decoders, {} MiB looked at (each byte as often as it is). What runs out is a gap, and memory stays\n\
         bounded.\n",
        bytes >> 20,
        work >> 20,
    )
    .expect("writing to memory");
    page
}

const HEAD: &str = "\
<!-- Written from the code: UPDATE_EXPECT=1 cargo test -p decode -->

# Decoders

Candor opens every value of a request layer by layer until nothing opens any more, and looks at each
value on the way. How a value was reached is its *trail*: a part of the exchange, then one step for
each layer, with the place in that layer where the way goes on:

    body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[0].properties.url

Walking a trail again gives the value again. Of values with the same name in one layer the second is
`name#2`; a `#` in a name is written `##`. `@3` is the name of the third field, where a name carries
something itself.

## Parts

| trail | part |
|---|---|
| `url` | the address, whole |
| `header referer` | a request header, its name in lower case |
| `body` | the request's body |
| `message 3` | the third WebSocket message, counted from 1 |
| `hello` | the ClientHello of its connection |
| `answer header set-cookie`, `answer body` | the answer |
| `value` | a value from elsewhere (`candor decode`) |

## Layers

In the order in which they are tried. What carries a mark of its own, and does not open, is a gap;
a guess that came to nothing is silent. *Weak* layers come last: random bytes would open as well, so
that what is found in them is weak evidence.

| layer | undoes |
|---|---|
";
