//! BSON (bsonspec.org, 1.1), as MongoDB's clients and Realm write it. Places are
//! those of JSON.

use std::ops::ControlFlow;

use model::LayerPlace;

use super::{Decoder, DecoderFit, InnerValues, PeelResult, json, names::NameStack};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Bson;

impl Decoder for Bson {
    fn name(&self) -> &'static str {
        "bson"
    }

    fn about(&self) -> &'static str {
        "a value in a BSON document, paths as in JSON (bsonspec.org)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::NUL).at_least(12)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let whole = length(look.bytes) == Some(look.bytes.len()) && look.bytes.ends_with(b"\0");
        let typed = matches!(look.bytes.get(4), Some(1..=0x13 | 0xff | 0x7f));
        if whole && typed { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        if length(value) != Some(value.len()) || !is_document(value, 0) {
            return PeelResult::NOTHING;
        }
        let mut walk = BsonWalk { path: String::from("$"), names: NameStack::default(), inner };
        let _ = walk.document(value, false);
        PeelResult::ALL.surely()
    }
}

const DEEPEST: usize = 64;

fn length(bytes: &[u8]) -> Option<usize> {
    bytes.first_chunk::<4>().map(|four| u32::from_le_bytes(*four) as usize)
}

/// Type, name and content of an element, and what follows it.
type BsonElement<'v> = (u8, &'v [u8], &'v [u8], &'v [u8]);

/// The element that `rest` begins with.
fn element(rest: &[u8]) -> Option<BsonElement<'_>> {
    let (kind, rest) = rest.split_first()?;
    let end = memchr::memchr(0, rest)?;
    let (name, rest) = (&rest[..end], &rest[end + 1..]);
    std::str::from_utf8(name).ok()?;
    let size = match kind {
        0x01 | 0x09 | 0x11 | 0x12 => 8,
        0x02 | 0x0d | 0x0e => 4usize.checked_add(length(rest)?)?,
        0x03 | 0x04 => length(rest)?,
        0x05 => 5usize.checked_add(length(rest)?)?,
        0x06 | 0x0a | 0x7f | 0xff => 0,
        0x07 => 12,
        0x08 => 1,
        0x0b => {
            let pattern = memchr::memchr(0, rest)? + 1;
            pattern + memchr::memchr(0, &rest[pattern..])? + 1
        }
        0x10 => 4,
        0x13 => 16,
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(size)?;
    Some((*kind, name, content, rest))
}

/// Whether all of it reads as elements.
fn is_document(document: &[u8], depth: usize) -> bool {
    if depth > DEEPEST || document.len() < 5 || length(document) != Some(document.len()) {
        return false;
    }
    let mut rest = &document[4..];
    while rest != b"\0" {
        let Some((kind, _, content, after)) = element(rest) else { return false };
        if matches!(kind, 3 | 4) && !is_document(content, depth + 1) {
            return false;
        }
        rest = after;
    }
    true
}

struct BsonWalk<'i> {
    path: String,
    names: NameStack,
    inner: &'i mut dyn InnerValues,
}

impl BsonWalk<'_> {
    fn document(&mut self, document: &[u8], is_array: bool) -> ControlFlow<()> {
        let (outer, names) = (self.path.len(), self.names.len());
        let mut rest = &document[4..];
        let mut count = 0;
        while let Some((kind, name, content, after)) = element(rest) {
            rest = after;
            if is_array {
                self.path.push_str(&format!("[{count}]"));
            } else {
                if !json::is_plain(name) {
                    self.path.push_str(&format!("@{}", count + 1));
                    self.inner.give(LayerPlace::at(self.path.as_str()), name)?;
                    self.path.truncate(outer);
                }
                json::push_name(&mut self.path, name);
                let nth = self.names.nth(name, names);
                if nth > 1 {
                    self.path.push_str(&format!("#{nth}"));
                }
            }
            count += 1;
            self.value(kind, content)?;
            self.path.truncate(outer);
        }
        self.names.forget_from(names);
        ControlFlow::Continue(())
    }

    fn value(&mut self, kind: u8, content: &[u8]) -> ControlFlow<()> {
        let place = LayerPlace::at(self.path.as_str());
        let number = || content.iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        match kind {
            0x01 => self.inner.show(place, f64::from_bits(number()).to_string().as_bytes()),
            0x02 | 0x0d | 0x0e => self.inner.give(place, content[4..].strip_suffix(b"\0").unwrap_or(&content[4..])),
            0x03 | 0x04 => self.document(content, kind == 4),
            0x05 => self.inner.give(place, &content[5..]),
            0x07 => self.inner.show(place, content),
            0x08 => self.inner.show(place, if content == b"\0" { b"false" } else { b"true" }),
            0x09 | 0x12 => self.inner.show(place, (number() as i64).to_string().as_bytes()),
            0x0b => self.inner.give(place, content.split(|byte| *byte == 0).next().unwrap_or_default()),
            0x10 => self.inner.show(place, (number() as i32).to_string().as_bytes()),
            0x11 => self.inner.show(place, number().to_string().as_bytes()),
            _ => ControlFlow::Continue(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed};
    use expect_test::expect;

    #[test]
    fn documents_within_documents_have_places() {
        let inner = b"\x19\0\0\0\x020\0\x06\0\0\0hello\0\x101\0\x07\0\0\0\0";
        let text = [&b"\x02user\0\x07\0\0\0person\0\x04list\0"[..], inner, b"\0"].concat();
        let whole = [&(text.len() as u32 + 4).to_le_bytes()[..], &text].concat();
        check(
            whole,
            expect![[r#"
                value = 5\0\0\0\u{2}user\0\u{7}\0\0\0person\0\u{4}list\0\u{19}\0\0\0\u{2}0\0\u{6}\0\0\0hello\0\u{10}1\0\u{7}\0\0\0\0\0
                value ▸ bson $.user = person
                value ▸ bson $.list[0] = hello
                value ▸ bson $.list[1] = 7
            "#]],
        );
    }

    #[test]
    fn a_number_before_noise_is_none() {
        check_closed(b"\x10\0\0\0\x02\xff\x01\xaa\xbb\xcc\xdd\xee\x99\x88\x77\0");
    }
}
