//! The parts of an address, RFC 3986 §3. Nothing is decoded here.

use memchr::memchr;

use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

/// Where the parts of an address stand.
#[derive(Default)]
pub(super) struct AddressParts<'v> {
    /// Without the first slash.
    pub(super) path: Option<&'v [u8]>,
    pub(super) query: Option<&'v [u8]>,
    pub(super) fragment: Option<&'v [u8]>,
}

/// A slash, and what an address starts with.
pub(super) const SHAPE: Prefilter = Prefilter::ANY
    .starting(|byte| byte == b'/' || byte.is_ascii_alphabetic())
    .with(ByteClasses::SLASH)
    .without(ByteClasses::BINARY);

/// Whether a value is an address: `scheme://…`, a path that starts with a slash
/// and has a query or a segment that is no name, or a line that asks for one.
pub(super) fn is_url(look: &ValueView<'_>) -> bool {
    let bytes = look.bytes;
    if !look.kinds.any(ByteClasses::SLASH) || look.kinds.any(ByteClasses::BINARY) {
        return false;
    }
    if look.kinds.any(ByteClasses::BREAK) {
        return look.kinds.any(ByteClasses::SPACE) && target(bytes).is_some();
    }
    match bytes {
        [b'/', ..] => !look.kinds.any(ByteClasses::SPACE) && (memchr(b'?', bytes).is_some() || has_long_segment(bytes)),
        [b'A'..=b'Z', b'A'..=b'Z', ..] if look.kinds.any(ByteClasses::SPACE) => target(bytes).is_some(),
        [first, ..] if first.is_ascii_alphabetic() => scheme_end(bytes).is_some(),
        _ => false,
    }
}

/// Whether a segment is longer than names of files mostly are.
fn has_long_segment(path: &[u8]) -> bool {
    const LONG: usize = 24;
    path.len() > LONG && path.split(|byte| *byte == b'/').any(|segment| segment.len() >= LONG)
}

/// What a request line asks for (RFC 9112 §3): `GET /path HTTP/1.1`.
pub(super) fn target(text: &[u8]) -> Option<&[u8]> {
    const METHODS: [&[u8]; 7] = [b"GET ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"HEAD ", b"OPTIONS "];
    let rest = METHODS.iter().find_map(|method| text.strip_prefix(*method))?.trim_ascii_start();
    let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
    let target = &rest[..end];
    (target.starts_with(b"/") || target.starts_with(b"http")).then_some(target)
}

pub(super) fn parts(url: &[u8]) -> AddressParts<'_> {
    let url = if url.first().is_some_and(u8::is_ascii_uppercase) { target(url).unwrap_or(url) } else { url };
    let (url, fragment) = cut(url, b'#');
    let (hierarchy, query) = cut(url, b'?');
    let after_scheme = scheme_end(hierarchy).map_or(hierarchy, |end| {
        let authority = &hierarchy[end..];
        &authority[memchr(b'/', authority).unwrap_or(authority.len())..]
    });
    AddressParts { path: after_scheme.strip_prefix(b"/"), query, fragment }
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
