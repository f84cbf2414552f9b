//! The parts of an address, RFC 3986 §3. Nothing is decoded here.

use memchr::memchr;

use crate::{
    look::{Kinds, Look},
    shape::Shape,
};

/// Where the parts of an address stand.
#[derive(Default)]
pub(super) struct Parts<'v> {
    /// Without the first slash.
    pub(super) path: Option<&'v [u8]>,
    pub(super) query: Option<&'v [u8]>,
    pub(super) fragment: Option<&'v [u8]>,
}

/// A slash, and what an address starts with.
pub(super) const SHAPE: Shape = Shape::ANY
    .starting(|byte| byte == b'/' || byte.is_ascii_alphabetic())
    .with(Kinds::SLASH)
    .without(Kinds::BINARY.and(Kinds::BREAK));

/// Whether a value is an address: `scheme://…`, or a path that starts with a
/// slash and has a query.
pub(super) fn is_url(look: &Look<'_>) -> bool {
    let bytes = look.bytes;
    if !look.kinds.any(Kinds::SLASH) || look.kinds.any(Kinds::BINARY.and(Kinds::BREAK)) {
        return false;
    }
    match bytes {
        [b'/', ..] => memchr(b'?', bytes).is_some() && !look.kinds.any(Kinds::SPACE),
        [first, ..] if first.is_ascii_alphabetic() => scheme_end(bytes).is_some(),
        _ => false,
    }
}

pub(super) fn parts(url: &[u8]) -> Parts<'_> {
    let (url, fragment) = cut(url, b'#');
    let (hierarchy, query) = cut(url, b'?');
    let after_scheme = scheme_end(hierarchy).map_or(hierarchy, |end| {
        let authority = &hierarchy[end..];
        &authority[memchr(b'/', authority).unwrap_or(authority.len())..]
    });
    Parts { path: after_scheme.strip_prefix(b"/"), query, fragment }
}

/// Where the authority begins: after `scheme://`.
fn scheme_end(url: &[u8]) -> Option<usize> {
    if url.starts_with(b"https://") {
        return Some(8);
    }
    let scheme = url.iter().take(24).take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
    (scheme >= 2 && url[scheme..].starts_with(b"://")).then_some(scheme + 3)
}

fn cut(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    match memchr(mark, text) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}
