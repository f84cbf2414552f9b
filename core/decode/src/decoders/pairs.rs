//! `name=value&name=value`, URL Standard §5.1, as forms and queries have it.

use std::borrow::Cow;

use model::Place;

use super::{How, Inner, Peeled, json, names::Names, percent};

/// Gives each field's value under its name, percent-encoding undone and `+`
/// read as a space. A name that itself carries something, or that has no
/// value, is given as `@n`, the n-th field.
pub(super) fn give(text: &[u8], inner: &mut dyn Inner) -> Peeled {
    let mut names = Names::default();
    let mut peeled = Peeled::NOTHING;
    for (i, field) in fields(text).enumerate() {
        let (name, value) = split(field);
        let name = percent::undo(name, true);
        if (value.is_none() || says_something(&name)) && !name.is_empty() {
            peeled.how = How::Opened;
            if inner.give(Place::at(format!("@{}", i + 1)), &name).is_break() {
                break;
            }
        }
        let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
        peeled.how = How::Opened;
        let name = escaped(&name);
        let place = names.place(&name);
        if inner.give(place, &percent::undo(value, true)).is_continue() {
            continue;
        }
        break;
    }
    peeled
}

/// The fields, parted by `&`; but not by one within JSON that nobody encoded.
fn fields(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let from = rest?;
        let first = memchr::memchr(b'&', from);
        let value = memchr::memchr(b'=', &from[..first.unwrap_or(from.len())]).map(|at| at + 1);
        // A comma or a quote would have been encoded as well.
        let end = match (value, first) {
            (Some(at), Some(first)) if is_bare_json(&from[at..]) => json::end(&from[at..]).map_or(first, |end| {
                memchr::memchr(b'&', &from[at + end..]).map_or(from.len(), |next| at + end + next)
            }),
            (_, first) => first.unwrap_or(from.len()),
        };
        rest = (end < from.len()).then(|| &from[end + 1..]);
        Some(&from[..end])
    })
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
