//! Binary property lists, as Apple's programs write and send them
//! (opensource.apple.com, CFBinaryPList.c). Places are those of JSON.

use std::ops::ControlFlow;

use model::LayerPlace;

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, json, names::NameStack};
use crate::{prefilter::Prefilter, value_view::ValueView};

pub(super) struct Bplist;

impl Decoder for Bplist {
    fn name(&self) -> &'static str {
        "bplist"
    }

    fn about(&self) -> &'static str {
        "a value in a binary property list, paths as in JSON (Apple, CFBinaryPList)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte == b'b').at_least(40)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if look.starts_with(b"bplist0") { DecoderFit::Certain } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let Some(list) = ObjectTable::of(value) else { return PeelResult::gap(model::GapReason::Broken) };
        let mut walk = PlistWalk {
            list,
            path: String::from("$"),
            names: NameStack::default(),
            left: PlistWalk::MOST,
            gave: false,
            inner,
        };
        let top = walk.list.top;
        let ended = walk.object(top, 0);
        let how = if walk.gave { PeelOutcome::Surely } else { PeelOutcome::Not };
        let gap = match (walk.left, ended) {
            (0, _) => Some(model::GapReason::Budget),
            _ => None,
        };
        PeelResult { how, gap }
    }
}

/// Where the objects are.
struct ObjectTable<'v> {
    bytes: &'v [u8],
    /// Bytes of an offset, and of a number that names an object.
    offset: usize,
    reference: usize,
    count: usize,
    top: usize,
    table: usize,
}

impl<'v> ObjectTable<'v> {
    /// Reads the trailer of 32 bytes.
    fn of(bytes: &'v [u8]) -> Option<Self> {
        let trailer = &bytes[bytes.len().checked_sub(32)?..];
        let list = Self {
            bytes,
            offset: usize::from(trailer[6]),
            reference: usize::from(trailer[7]),
            count: number(&trailer[8..16])?,
            top: number(&trailer[16..24])?,
            table: number(&trailer[24..32])?,
        };
        let sane = (1..=8).contains(&list.offset) && (1..=8).contains(&list.reference);
        (sane && list.table < bytes.len() && list.top < list.count).then_some(list)
    }

    /// The marker of an object and what follows it.
    fn object(&self, index: usize) -> Option<(u8, &'v [u8])> {
        let at = self.table.checked_add(index.checked_mul(self.offset)?)?;
        let start = number(self.bytes.get(at..at.checked_add(self.offset)?)?)?;
        let (marker, rest) = self.bytes.get(start..)?.split_first()?;
        Some((*marker, rest))
    }

    /// A length in the marker's low half, or in a number behind it.
    fn length(marker: u8, rest: &'v [u8]) -> Option<(usize, &'v [u8])> {
        if marker & 15 != 15 {
            return Some((usize::from(marker & 15), rest));
        }
        let (size, rest) = rest.split_first()?;
        if size >> 4 != 1 {
            return None;
        }
        let (digits, rest) = rest.split_at_checked(1 << (size & 15).min(4))?;
        Some((number(digits)?, rest))
    }
}

/// A number, big end first.
fn number(bytes: &[u8]) -> Option<usize> {
    bytes.iter().try_fold(0usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))
}

struct PlistWalk<'v, 'i> {
    list: ObjectTable<'v>,
    path: String,
    names: NameStack,
    /// Objects that may still be gone to: an object may be named many times.
    left: u32,
    gave: bool,
    inner: &'i mut dyn InnerValues,
}

impl<'v> PlistWalk<'v, '_> {
    const MOST: u32 = 200_000;
    const DEEPEST: usize = 64;

    fn object(&mut self, index: usize, depth: usize) -> ControlFlow<()> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 || depth > Self::DEEPEST {
            return ControlFlow::Break(());
        }
        let Some((marker, rest)) = self.list.object(index) else { return ControlFlow::Continue(()) };
        match marker >> 4 {
            0 if marker == 8 => self.show(b"false"),
            0 if marker == 9 => self.show(b"true"),
            1 => match rest.get(..1 << (marker & 7)) {
                Some(bytes) if bytes.len() <= 16 => self.integer(bytes),
                _ => ControlFlow::Continue(()),
            },
            2 | 3 => match rest.get(..1 << (marker & 7)) {
                Some(bytes) => self.real(bytes),
                None => ControlFlow::Continue(()),
            },
            4..=6 => self.text(marker, rest),
            10 | 12 | 13 => self.container(marker, rest, depth),
            _ => ControlFlow::Continue(()),
        }
    }

    fn show(&mut self, value: &[u8]) -> ControlFlow<()> {
        self.gave = true;
        self.inner.show(LayerPlace::at(self.path.as_str()), value)
    }

    fn integer(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        let value = bytes.iter().fold(0u128, |sum, byte| sum << 8 | u128::from(*byte));
        let signed = if bytes.len() == 8 { i128::from(value as i64) } else { value as i128 };
        self.show(itoa::Buffer::new().format(signed).as_bytes())
    }

    fn real(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        let value = match bytes.len() {
            4 => f64::from(f32::from_bits(number(bytes).unwrap_or(0) as u32)),
            8 => f64::from_bits(number(bytes).unwrap_or(0) as u64),
            _ => return ControlFlow::Continue(()),
        };
        self.show(value.to_string().as_bytes())
    }

    /// Data, ASCII, or UTF-16 with the big end first.
    fn text(&mut self, marker: u8, rest: &'v [u8]) -> ControlFlow<()> {
        let Some(text) = self.bytes_of(marker, rest) else { return ControlFlow::Continue(()) };
        self.gave = true;
        self.inner.give(LayerPlace::at(self.path.as_str()), &text)
    }

    fn bytes_of(&self, marker: u8, rest: &'v [u8]) -> Option<Vec<u8>> {
        let (length, rest) = ObjectTable::length(marker, rest)?;
        if marker >> 4 != 6 {
            return Some(rest.get(..length)?.to_vec());
        }
        let units = rest.get(..length.checked_mul(2)?)?.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair));
        Some(
            char::decode_utf16(units)
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect::<String>()
                .into_bytes(),
        )
    }

    fn container(&mut self, marker: u8, rest: &'v [u8], depth: usize) -> ControlFlow<()> {
        let Some((count, rest)) = ObjectTable::length(marker, rest) else { return ControlFlow::Continue(()) };
        let size = self.list.reference;
        let reference = |at: usize| number(rest.get(at.checked_mul(size)?..)?.get(..size)?);
        let is_map = marker >> 4 == 13;
        let (outer, names) = (self.path.len(), self.names.len());
        for i in 0..count {
            let value = if is_map { i.checked_add(count) } else { Some(i) };
            let Some(value) = value.and_then(reference) else { break };
            if is_map {
                let key = reference(i).and_then(|key| self.list.object(key));
                let name = key.and_then(|(marker, rest)| self.bytes_of(marker, rest)).unwrap_or_default();
                if !json::is_plain(&name) && !name.is_empty() {
                    self.path.push_str(&format!("@{}", i + 1));
                    self.inner.give(LayerPlace::at(self.path.as_str()), &name)?;
                    self.path.truncate(outer);
                }
                json::push_name(&mut self.path, &name);
                let nth = self.names.nth(&name, names);
                if nth > 1 {
                    self.path.push_str(&format!("#{nth}"));
                }
            } else {
                self.path.push_str(&format!("[{i}]"));
            }
            self.object(value, depth + 1)?;
            self.path.truncate(outer);
        }
        self.names.forget_from(names);
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn text_that_is_not_ascii_has_a_place() {
        let list = data_encoding::BASE64.decode(b"YnBsaXN0MDDSAQIDBFFuVG5hbWUQAW8QEABKAPwAcgBnAGUAbgAgAFoAcQBwAGwAYQBuAHQAZQBkCA0PFBYAAAAAAAABAQAAAAAAAAAFAAAAAAAAAAAAAAAAAAAAOQ==").unwrap();
        check(
            list,
            expect![[r#"
            value = bplist00\xd2\x01\x02\x03\x04QnTname\x10\x01o\x10\x10\x00J\x00\xfc\x00r\x00g\x00e\x00n\x00 \x00Z\x00q\x00p\x00l\x00a\x00n\x00t\x00e\x00d\x08\r\x0f…
            value ▸ bplist $.n = 1
            value ▸ bplist $.name = Jürgen Zqplanted
        "#]],
        );
    }

    #[test]
    fn a_list_that_names_itself_ends() {
        // An array of two that both are the array.
        let mut list = b"bplist00\xa2\0\0\x08".to_vec();
        list.extend([0; 6]);
        list.extend([1, 1]);
        for number in [1u64, 0, 11] {
            list.extend(number.to_be_bytes());
        }
        check(
            list,
            expect![[r#"
            value = bplist00\xa2\x00\x00\x08\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0b
        "#]],
        );
    }
}
