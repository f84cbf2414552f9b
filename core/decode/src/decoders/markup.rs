//! XML 1.0 and HTML: texts and attributes, character references undone.
//!
//! Plists, SOAP, sitemaps, recordings of pages. Read forgivingly, as HTML must
//! be; a place is the way down, `/plist/dict/string#2`, `/a/b@href`.

use std::borrow::Cow;

use model::LayerPlace;

use super::{Decoder, DecoderFit, InnerValues, PeelResult, entities, names::NameStack};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Markup;

impl Decoder for Markup {
    fn name(&self) -> &'static str {
        "markup"
    }

    fn about(&self) -> &'static str {
        "a text or an attribute in XML or HTML, references undone (XML 1.0; HTML Standard §13)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| b"< \t\r\n\xef".contains(&byte)).with(ByteClasses::ANGLE)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let text = look.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(look.bytes).trim_ascii_start();
        let may = matches!(text, [b'<', next, ..] if next.is_ascii_alphabetic() || matches!(next, b'!' | b'?'));
        if may && look.kinds.any(ByteClasses::ANGLE) && memchr::memchr(b'>', text).is_some() {
            DecoderFit::Maybe
        } else {
            DecoderFit::No
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let mut reader = MarkupReader {
            rest: value,
            path: String::new(),
            open: Vec::new(),
            names: NameStack::default(),
            inner,
            gave: false,
        };
        while reader.step() {}
        if reader.gave { PeelResult::ALL } else { PeelResult::NOTHING }
    }
}

/// Elements open at once; deeper ones count as where they are.
const DEEPEST: usize = 256;

struct MarkupReader<'v, 'i> {
    rest: &'v [u8],
    /// Where the reader is: `/plist/dict`.
    path: String,
    /// How long the path was before each open element.
    open: Vec<usize>,
    names: NameStack,
    inner: &'i mut dyn InnerValues,
    gave: bool,
}

impl<'v> MarkupReader<'v, '_> {
    /// Reads the next piece; false at the end.
    fn step(&mut self) -> bool {
        match self.rest {
            [] => false,
            [b'<', b'!', b'-', b'-', ..] => {
                let comment = self.until(4, b"-->");
                self.give("!", comment)
            }
            rest if rest.starts_with(b"<![CDATA[") => {
                let text = self.until(9, b"]]>");
                self.give("", text)
            }
            [b'<', b'?' | b'!', ..] => {
                self.until(2, b">");
                true
            }
            [b'<', b'/', ..] => {
                let name = self.until(2, b">");
                self.close(name.trim_ascii());
                true
            }
            [b'<', next, ..] if next.is_ascii_alphabetic() => self.element(),
            [_, after @ ..] => {
                let length = 1 + memchr::memchr(b'<', after).unwrap_or(after.len());
                let text = self.take(length);
                self.give("", &entities::undo(text.trim_ascii()))
            }
        }
    }

    fn take(&mut self, length: usize) -> &'v [u8] {
        let (piece, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        piece
    }

    /// What stands between here plus `skip` and `end`, both passed.
    fn until(&mut self, skip: usize, end: &[u8]) -> &'v [u8] {
        self.take(skip);
        let length = memchr::memmem::find(self.rest, end).unwrap_or(self.rest.len());
        let piece = self.take(length);
        self.take(end.len());
        piece
    }

    fn element(&mut self) -> bool {
        self.take(1);
        let name = self.take(name_length(self.rest));
        let before = self.path.len();
        self.path.push('/');
        self.path.push_str(&String::from_utf8_lossy(name));
        let mut ends_itself = is_void(name);
        loop {
            self.rest = self.rest.trim_ascii_start();
            match self.rest {
                [] => break,
                [b'>', ..] => {
                    self.take(1);
                    break;
                }
                [b'/', ..] => {
                    self.take(1);
                    ends_itself |= self.rest.first() == Some(&b'>');
                }
                _ => {
                    if !self.attribute() {
                        return false;
                    }
                }
            }
        }
        if ends_itself || self.open.len() == DEEPEST {
            self.path.truncate(before);
            return true;
        }
        self.open.push(before);
        if matches!(name, b"script" | b"style") {
            let end = [b"</", name].concat();
            let length = memchr::memmem::find(self.rest, &end).unwrap_or(self.rest.len());
            let text = self.take(length);
            return self.give("", text.trim_ascii());
        }
        true
    }

    fn attribute(&mut self) -> bool {
        let name = self.take(name_length(self.rest).max(1));
        self.rest = self.rest.trim_ascii_start();
        if self.rest.first() != Some(&b'=') {
            return true;
        }
        self.take(1);
        self.rest = self.rest.trim_ascii_start();
        let value = match self.rest.first() {
            Some(quote @ (b'"' | b'\'')) => self.until(1, &[*quote]),
            _ => {
                let end = self.rest.iter().position(|b| b.is_ascii_whitespace() || *b == b'>');
                self.take(end.unwrap_or(self.rest.len()))
            }
        };
        self.give(&format!("@{}", String::from_utf8_lossy(name)), &entities::undo(value))
    }

    /// Goes up to before the last open element of this name, if there is one.
    fn close(&mut self, name: &[u8]) {
        let is_it = |before: &usize| {
            let element = self.path.as_bytes()[before + 1..].split(|byte| *byte == b'/').next();
            element == Some(name)
        };
        if let Some(at) = self.open.iter().rposition(is_it) {
            self.path.truncate(self.open[at]);
            self.open.truncate(at);
        }
    }

    fn give(&mut self, suffix: &str, value: &[u8]) -> bool {
        if value.is_empty() {
            return true;
        }
        self.gave = true;
        let before = self.path.len();
        self.path.push_str(suffix);
        let nth = self.names.nth(self.path.as_bytes(), 0);
        let place = match nth {
            1 => Cow::Borrowed(self.path.as_str()),
            _ => Cow::Owned(format!("{}#{nth}", self.path)),
        };
        let goes_on = self.inner.give(LayerPlace::At(place), value).is_continue();
        self.path.truncate(before);
        goes_on
    }
}

fn name_length(text: &[u8]) -> usize {
    text.iter().position(|b| b.is_ascii_whitespace() || b"/>=<\"'".contains(b)).unwrap_or(text.len())
}

/// Elements that have no end tag, HTML Standard §13.1.2.
fn is_void(name: &[u8]) -> bool {
    const VOID: [&[u8]; 13] = [
        b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"source", b"track",
        b"wbr",
    ];
    VOID.iter().any(|void| name.eq_ignore_ascii_case(void))
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn texts_and_attributes_have_places() {
        check(
            "<?xml version=\"1.0\"?><r><a href='https://a.example/?q=1&amp;r=2'>J&#252;rgen</a><a>two</a><b/></r>",
            expect![[r#"
                value = <?xml version="1.0"?><r><a href='https://a.example/?q=1&amp;…
                value ▸ markup /r/a@href = https://a.example/?q=1&r=2
                value ▸ markup /r/a@href ▸ query q = 1
                value ▸ markup /r/a@href ▸ query r = 2
                value ▸ markup /r/a = Jürgen
                value ▸ markup /r/a#2 = two
            "#]],
        );
    }

    #[test]
    fn html_is_forgiven() {
        check(
            "<!doctype html><p class=x>one<br>two<p>three</p></div><!-- note --><![CDATA[x<y]]>",
            expect![[r#"
            value = <!doctype html><p class=x>one<br>two<p>three</p></div><!-- n…
            value ▸ markup /p@class = x
            value ▸ markup /p = one
            value ▸ markup /p#2 = two
            value ▸ markup /p/p = three
            value ▸ markup /p! =  note 
            value ▸ markup /p#3 = x<y
        "#]],
        );
    }
}
