//! JSON, RFC 8259, as whole texts and inside strings.
//!
//! Read by hand rather than by a library: a cut text must give what it has, a
//! text nested 100,000 deep must not recurse, and a string without escapes
//! must cost no copy. Places are paths as in RFC 9535: `$[0].properties.url`,
//! `$["two words"]`; the second member of the same name is `$.name#2`, and
//! `$.map@3` is the name of the third member where a name carries something
//! itself.

use std::ops::ControlFlow;

use model::{GapReason, LayerPlace};

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, names::NameStack};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Json;

impl Decoder for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "a value in a JSON text, escapes undone (RFC 8259; paths as in RFC 9535)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| b"{[\" \t\r\n".contains(&byte))
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let text = look.bytes.trim_ascii_start();
        let Some((first, rest)) = text.split_first() else { return DecoderFit::No };
        let next = rest.trim_ascii_start().first().copied();
        match (first, next) {
            (b'{', Some(b'"')) | (b'[', Some(b'{' | b'"')) => DecoderFit::Certain,
            (b'[', _) if rest.starts_with(b"[[[") => DecoderFit::Certain,
            (b'{', Some(b'}')) => DecoderFit::Maybe,
            (b'[', Some(b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' | b']')) => DecoderFit::Maybe,
            (b'"', _) if rest.trim_ascii_end().ends_with(b"\"") && !has_octal(rest) => DecoderFit::Maybe,
            _ => DecoderFit::No,
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let mut reader = JsonReader {
            text: value,
            at: 0,
            path: String::from("$"),
            open: Vec::new(),
            names: NameStack::default(),
            inner,
            gave: false,
        };
        let gap = reader.text().err().and_then(JsonStop::why);
        PeelResult { how: if reader.gave { PeelOutcome::Opened } else { PeelOutcome::Not }, gap }
    }
}

/// Whether a string is one of another language, in which bytes are written so.
fn has_octal(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', text).take(8).any(|at| matches!(text.get(at + 1), Some(b'0'..=b'3' | b'x')))
}

/// Containers open at once; what is deeper is one value, and a layer of its
/// own.
const DEEPEST: usize = 256;

struct JsonReader<'v, 'i> {
    text: &'v [u8],
    at: usize,
    /// Where the value at hand lies.
    path: String,
    open: Vec<OpenContainer>,
    /// The names of the members of all open objects.
    names: NameStack,
    inner: &'i mut dyn InnerValues,
    gave: bool,
}

/// An array or object that has begun.
struct OpenContainer {
    is_array: bool,
    /// Elements or members so far.
    count: usize,
    /// How long the path and the names were before it.
    path: usize,
    names: usize,
}

/// Why reading ended early.
enum JsonStop {
    Cut,
    Broken,
    /// Nobody wants more.
    Enough,
}

impl JsonStop {
    fn why(self) -> Option<GapReason> {
        match self {
            Self::Cut => Some(GapReason::Cut),
            Self::Broken => Some(GapReason::Broken),
            Self::Enough => None,
        }
    }
}

type JsonResult<T> = Result<T, JsonStop>;

impl<'v> JsonReader<'v, '_> {
    /// The whole text; what follows its value is given as `after`.
    fn text(&mut self) -> JsonResult<()> {
        self.value()?;
        while let Some(container) = self.open.last_mut() {
            let (is_array, first) = (container.is_array, container.count == 0);
            container.count += 1;
            self.path.truncate(container.path);
            match self.next()? {
                b']' | b'}' => {
                    self.close();
                    continue;
                }
                b',' if !first => self.at += 1,
                _ if first => {}
                _ => return Err(JsonStop::Broken),
            }
            // A comma before the end is forgiven.
            if matches!(self.next()?, b']' | b'}') {
                self.close();
            } else if is_array {
                self.element();
                self.value()?;
            } else {
                self.member()?;
                self.value()?;
            }
        }
        let after = self.text[self.at..].trim_ascii();
        if self.gave && !after.is_empty() { self.give_at("after", after) } else { Ok(()) }
    }

    /// The next byte that is not white, left where it is.
    fn next(&mut self) -> JsonResult<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(JsonStop::Cut),
            }
        }
    }

    fn value(&mut self) -> JsonResult<()> {
        match self.next()? {
            b'{' | b'[' if self.open.len() == DEEPEST => self.closed_container(),
            byte @ (b'{' | b'[') => {
                if byte == b'[' {
                    self.bytes()?;
                }
                self.at += 1;
                let (path, names) = (self.path.len(), self.names.len());
                self.open.push(OpenContainer { is_array: byte == b'[', count: 0, path, names });
                Ok(())
            }
            b'"' => {
                let (raw, escaped) = self.string()?;
                if escaped { self.give(&unescaped(raw), true) } else { self.give(raw, true) }
            }
            _ => self.bare(),
        }
    }

    /// A list of numbers that may be bytes is a value as well: `[31,139,8,…]`.
    /// The layer `numbers` opens it.
    fn bytes(&mut self) -> JsonResult<()> {
        const FEWEST: usize = 12;
        let rest = &self.text[self.at + 1..];
        if !matches!(rest.trim_ascii_start().first(), Some(b'0'..=b'9' | b'-')) {
            return Ok(());
        }
        let length = rest.iter().take_while(|b| b.is_ascii_digit() || b", -\r\n\t".contains(b)).count();
        let commas = rest[..length].iter().filter(|byte| **byte == b',').count();
        if rest.get(length) != Some(&b']') || commas + 1 < FEWEST || length > (commas + 1) * 6 || self.path == "$" {
            return Ok(());
        }
        let list = &self.text[self.at..self.at + length + 2];
        flow(self.inner.give(LayerPlace::at(self.path.as_str()), list))
    }

    fn close(&mut self) {
        self.at += 1;
        if let Some(container) = self.open.pop() {
            self.path.truncate(container.path);
            self.names.forget_from(container.names);
        }
    }

    /// Goes on to the next element of the array at hand.
    fn element(&mut self) {
        let Some(array) = self.open.last() else { return };
        self.path.push('[');
        self.path.push_str(itoa::Buffer::new().format(array.count - 1));
        self.path.push(']');
    }

    /// Reads a member's name, and goes on to its value.
    fn member(&mut self) -> JsonResult<()> {
        if self.next()? != b'"' {
            return Err(JsonStop::Broken);
        }
        let (raw, escaped) = self.string()?;
        let owned;
        let name = if escaped {
            owned = unescaped(raw);
            owned.as_slice()
        } else {
            raw
        };
        let Some(&OpenContainer { count, names, .. }) = self.open.last() else { return Err(JsonStop::Broken) };
        if !is_plain(name) {
            let short = self.path.len();
            self.path.push('@');
            self.path.push_str(itoa::Buffer::new().format(count));
            self.give(name, true)?;
            self.path.truncate(short);
        }
        push_name(&mut self.path, name);
        let nth = self.names.nth(name, names);
        if nth > 1 {
            self.path.push('#');
            self.path.push_str(itoa::Buffer::new().format(nth));
        }
        if self.next()? != b':' {
            return Err(JsonStop::Broken);
        }
        self.at += 1;
        Ok(())
    }

    /// The string that begins here, without its quotes, and whether there are
    /// escapes in it. A cut string is given as far as it goes.
    fn string(&mut self) -> JsonResult<(&'v [u8], bool)> {
        let text = self.text;
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            match quote_or_escape(text.get(at..).unwrap_or_default()) {
                Some(further) if text[at + further] == b'"' => {
                    self.at = at + further + 1;
                    return Ok((&text[start..at + further], escaped));
                }
                Some(further) => {
                    escaped = true;
                    at += further + 2;
                }
                None => {
                    self.at = text.len();
                    let rest = unescaped(&text[start.min(text.len())..]);
                    self.give(&rest, true)?;
                    return Err(JsonStop::Cut);
                }
            }
        }
    }

    /// A number or a word.
    fn bare(&mut self) -> JsonResult<()> {
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b"+-._".contains(b)).count();
        let word = &rest[..length];
        if word.is_empty() {
            return Err(JsonStop::Broken);
        }
        self.at += length;
        if word == b"null" { Ok(()) } else { self.give(word, false) }
    }

    /// A container deeper than [`DEEPEST`], as one value.
    fn closed_container(&mut self) -> JsonResult<()> {
        let start = self.at;
        let mut depth = 0usize;
        while let Some(byte) = self.text.get(self.at) {
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                b'"' => {
                    let rest = &self.text[self.at + 1..];
                    self.at += 1 + string_length(rest);
                }
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        let end = self.at.min(self.text.len());
        self.at = end;
        let value = &self.text[start..end];
        self.gave = true;
        flow(self.inner.give(LayerPlace::at(self.path.as_str()), value))
    }

    fn give(&mut self, value: &[u8], is_string: bool) -> JsonResult<()> {
        self.gave = true;
        let place = LayerPlace::at(self.path.as_str());
        flow(if is_string { self.inner.give(place, value) } else { self.inner.show(place, value) })
    }

    fn give_at(&mut self, place: &str, value: &[u8]) -> JsonResult<()> {
        flow(self.inner.give(LayerPlace::at(place), value))
    }
}

fn flow(flow: ControlFlow<()>) -> JsonResult<()> {
    if flow.is_break() { Err(JsonStop::Enough) } else { Ok(()) }
}

/// Where the object or array that a text begins with ends; none if it does not.
pub(super) fn end(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0usize, 0);
    while let Some(found) = text.get(at..)?.iter().position(|byte| matches!(byte, b'{' | b'}' | b'[' | b']' | b'"')) {
        at += found + 1;
        match text[at - 1] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => at += string_length(&text[at..]) + 1,
        }
        if depth == 0 {
            return Some(at.min(text.len()));
        }
    }
    None
}

/// Bytes up to the quote that ends a string.
pub(super) fn string_length(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(further) = quote_or_escape(rest.get(at..).unwrap_or_default()) {
        if rest[at + further] == b'"' {
            return at + further;
        }
        at += further + 2;
    }
    rest.len()
}

/// Where the string at hand ends or its next escape stands.
///
/// Most strings are short, and setting up a vectorised search costs more than
/// going through them in words of eight bytes.
fn quote_or_escape(text: &[u8]) -> Option<usize> {
    const SHORT: usize = 4;
    const ONES: u64 = u64::MAX / 0xff;
    let has = |word: u64, byte: u8| {
        let zero = word ^ (ONES * u64::from(byte));
        zero.wrapping_sub(ONES) & !zero & (ONES << 7)
    };
    let (words, _) = text.as_chunks::<8>();
    for (i, word) in words.iter().take(SHORT).enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = has(word, b'"') | has(word, b'\\');
        if found != 0 {
            return Some(i * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let seen = words.len().min(SHORT) * 8;
    memchr::memchr2(b'"', b'\\', &text[seen..]).map(|at| seen + at)
}

/// Names that are nothing but names.
pub(super) fn is_plain(name: &[u8]) -> bool {
    const PLAIN: ByteClasses = WORD.and(ByteClasses::DOT).and(ByteClasses::COLON).and(ByteClasses::SPACE);
    name.len() <= 32 && ByteClasses::of(name).only(PLAIN)
}

/// What a name is made of that needs no quotes.
const WORD: ByteClasses =
    ByteClasses::ALPHANUMERIC.and(ByteClasses::UNDERSCORE).and(ByteClasses::DASH).and(ByteClasses::DOLLAR);

pub(super) fn push_name(path: &mut String, name: &[u8]) {
    if let Ok(word) = std::str::from_utf8(name)
        && !name.is_empty()
        && ByteClasses::of(name).only(WORD)
    {
        path.push('.');
        path.push_str(word);
        return;
    }
    path.push_str("[\"");
    for c in String::from_utf8_lossy(name).chars() {
        if matches!(c, '"' | '\\') {
            path.push('\\');
        }
        path.push(c);
    }
    path.push_str("\"]");
}

/// The characters meant, RFC 8259 §7. What is no escape stays; half of a
/// surrogate pair that stands for a raw byte (Python's `surrogateescape`) is
/// that byte.
pub(super) fn unescaped(raw: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        plain.extend_from_slice(&rest[..at]);
        let (c, length) = escape(&rest[at..]);
        match c {
            JsonEscape::Char(c) => plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            JsonEscape::Byte(byte) => plain.push(byte),
        }
        rest = &rest[at + length..];
    }
    plain.extend_from_slice(rest);
    plain
}

enum JsonEscape {
    Char(char),
    Byte(u8),
}

/// What the escape at the start of `text` means, and how long it is.
fn escape(text: &[u8]) -> (JsonEscape, usize) {
    let byte = match text.get(1) {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'x') => match text.get(2..4).and_then(|digits| std::str::from_utf8(digits).ok()) {
            // Not JSON, but meant by whoever writes it.
            Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
                let code = u8::from_str_radix(digits, 16).unwrap_or_default();
                return (JsonEscape::Char(char::from(code)), 4);
            }
            _ => b'x',
        },
        Some(b'u') => match unit(text) {
            Some(unit) => return wide(unit, &text[6..]),
            None => return (JsonEscape::Byte(b'\\'), 1),
        },
        Some(other) => *other,
        None => return (JsonEscape::Byte(b'\\'), 1),
    };
    (JsonEscape::Byte(byte), 2)
}

fn wide(first: u32, rest: &[u8]) -> (JsonEscape, usize) {
    if let Some(c) = char::from_u32(first) {
        return (JsonEscape::Char(c), 6);
    }
    match unit(rest) {
        Some(second @ 0xdc00..0xe000) if first < 0xdc00 => {
            let c = char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            (JsonEscape::Char(c.unwrap_or(char::REPLACEMENT_CHARACTER)), 12)
        }
        _ if (0xdc80..0xdd00).contains(&first) => (JsonEscape::Byte((first - 0xdc00) as u8), 6),
        _ => (JsonEscape::Char(char::REPLACEMENT_CHARACTER), 6),
    }
}

/// The UTF-16 unit of `\uXXXX`.
fn unit(text: &[u8]) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = text else { return None };
    let digits = std::str::from_utf8(digits.get(..4)?).ok()?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn values_have_paths() {
        check(
            r#"[{"properties":{"url":"https://a.example/","$lib":"js","two words":[1,true,null]}}]"#,
            expect![[r#"
                value = [{"properties":{"url":"https://a.example/","$lib":"js","two …
                value ▸ json $[0].properties.url = https://a.example/
                value ▸ json $[0].properties.$lib = js
                value ▸ json "$[0].properties[\"two words\"][0]" = 1
                value ▸ json "$[0].properties[\"two words\"][1]" = true
            "#]],
        );
    }

    #[test]
    fn escapes_are_undone() {
        check(
            r#"{"a":"\u00fc\ud83d\ude00\n\"\/\udcff"}"#,
            expect![[r#"
            value = {"a":"\\u00fc\\ud83d\\ude00\\n\\"\\/\\udcff"}
            value ▸ json $.a = \xc3\xbc\xf0\x9f\x98\x80\n\"/\xff
        "#]],
        );
    }

    #[test]
    fn json_in_a_string_opens() {
        check(
            r#"{"params":"{\"mail\":\"a@b.example\"}"}"#,
            expect![[r#"
                value = {"params":"{\\"mail\\":\\"a@b.example\\"}"}
                value ▸ json $.params = {"mail":"a@b.example"}
                value ▸ json $.params ▸ json $.mail = a@b.example
                value ▸ json $.params ▸ json $.mail ▸ reversed ~ elpmaxe.b@a
            "#]],
        );
    }

    #[test]
    fn a_text_that_is_one_string_opens() {
        check(
            r#""data=aGVsbG8gd29ybGQ=""#,
            expect![[r#"
            value = "data=aGVsbG8gd29ybGQ="
            value ▸ json $ = data=aGVsbG8gd29ybGQ=
            value ▸ json $ ▸ form data = aGVsbG8gd29ybGQ=
            value ▸ json $ ▸ form data ▸ base64 = hello world
        "#]],
        );
    }

    #[test]
    fn a_name_that_carries_something_is_a_value() {
        check(
            r#"{"https://a.example/?q=1":2}"#,
            expect![[r#"
            value = {"https://a.example/?q=1":2}
            value ▸ json $@1 = https://a.example/?q=1
            value ▸ json $@1 ▸ query q = 1
            value ▸ json $["https://a.example/?q=1"] = 2
        "#]],
        );
    }

    #[test]
    fn names_that_repeat_are_counted() {
        check(
            r#"{"a":"x1","a":"x2","b":{"a":"x3"}}"#,
            expect![[r#"
            value = {"a":"x1","a":"x2","b":{"a":"x3"}}
            value ▸ json $.a = x1
            value ▸ json $.a#2 = x2
            value ▸ json $.b.a = x3
        "#]],
        );
    }

    #[test]
    fn a_cut_text_gives_what_it_has_and_says_so() {
        check(
            r#"{"a":"first","b":["secon"#,
            expect![[r#"
            value = {"a":"first","b":["secon
            value ▸ json $.a = first
            value ▸ json $.b[0] = secon
            value ! Cut: the json layer ends too early
        "#]],
        );
    }

    #[test]
    fn what_follows_is_not_lost() {
        check(
            r#"{"a":"x"} tail"#,
            expect![[r#"
            value = {"a":"x"} tail
            value ▸ json $.a = x
            value ▸ json after = tail
        "#]],
        );
    }

    #[test]
    fn no_json_at_all_is_a_gap_only_if_it_looked_sure() {
        check(
            r#"[12:30] said"#,
            expect![[r#"
            value = [12:30] said
            value ▸ json $[0] = 12
        "#]],
        );
        check(
            r#"{"half" of it"#,
            expect![[r#"
            value = {"half" of it
            value ! Broken: looks like json and does not open
        "#]],
        );
    }

    #[test]
    fn depth_costs_layers_and_no_stack() {
        let deep = "[".repeat(100_000);
        let (mut leaves, mut gaps) = (0, Vec::new());
        crate::open_value(deep.as_bytes(), &crate::DecodeLimits::default(), &mut |_| leaves += 1, &mut gaps);
        assert!(leaves < 20);
        assert!(gaps.iter().any(|gap| gap.why == model::GapReason::Budget), "{gaps:?}");
    }
}
