//! `name=value&name=value`, URL Standard §5.1, as forms and queries have it.

use std::borrow::Cow;

use model::{GapReason, LayerPlace};

use super::{InnerValues, PeelOutcome, PeelResult, json, names::NameStack, percent};

/// Gives each field's value under its name, percent-encoding undone and `+`
/// read as a space. A name that itself carries something, or that has no
/// value, is given as `@n`, the n-th field.
pub(super) fn give(text: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
    let mut names = NameStack::default();
    let mut peeled = PeelResult::NOTHING;
    let (mut rest, mut number) = (Some(text), 0);
    while let Some(from) = rest {
        let (end, in_vain) = field(from);
        if !inner.budget().work(in_vain) {
            peeled.gap = Some(GapReason::Budget);
            break;
        }
        rest = (end < from.len()).then(|| &from[end + 1..]);
        number += 1;
        let (name, value) = split(&from[..end]);
        let name = percent::undo(name, true);
        if (value.is_none() || says_something(&name)) && !name.is_empty() {
            peeled.how = PeelOutcome::Opened;
            if inner.give(LayerPlace::at(format!("@{number}")), &name).is_break() {
                break;
            }
        }
        let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
        peeled.how = PeelOutcome::Opened;
        let name = escaped(&name);
        let place = names.place(&name);
        if inner.give(place, &percent::undo(value, true)).is_continue() {
            continue;
        }
        break;
    }
    peeled
}

/// Where the first field ends: at a `&`, but not at one within JSON that nobody
/// encoded. And how many bytes were read for the end of JSON that has none: they
/// are read again for the next field.
fn field(text: &[u8]) -> (usize, usize) {
    let Some(first) = memchr::memchr(b'&', text) else { return (text.len(), 0) };
    let value = memchr::memchr(b'=', &text[..first]).map_or(first, |at| at + 1);
    // A comma or a quote would have been encoded as well.
    if !is_bare_json(&text[value..]) {
        return (first, 0);
    }
    match json::end(&text[value..]).map(|end| value + end) {
        Some(end) => (memchr::memchr(b'&', &text[end..]).map_or(text.len(), |next| end + next), 0),
        None => (first, text.len() - value),
    }
}

fn is_bare_json(value: &[u8]) -> bool {
    matches!(value, [b'{', b'"', ..] | [b'[', b'{' | b'"', ..])
}

fn split(field: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'=', field) {
        Some(at) => (&field[..at], Some(&field[at + 1..])),
        None => (field, None),
    }
}

/// Names that start like `@3` are written `@@3`.
fn escaped<'n>(name: &'n Cow<'n, [u8]>) -> Cow<'n, [u8]> {
    if name.starts_with(b"@") { Cow::Owned([b"@", name.as_ref()].concat()) } else { Cow::Borrowed(name) }
}

/// Whether a name is more than a name.
fn says_something(name: &[u8]) -> bool {
    name.len() > 32 || name.iter().any(|b| !(b.is_ascii_alphanumeric() || b"_-.$[]:~!*()@ ".contains(b)))
}
