//! Character references, HTML Standard §13.5: `&#252;`, `&#xfc;`, `&uuml;`.
//!
//! By name only those of XML and of Latin-1: others stand for characters that
//! personal data hardly has.

use std::borrow::Cow;

use super::{Decoder, DecoderFit, DecoderRank, InnerValues, PeelResult};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Entities;

impl Decoder for Entities {
    fn name(&self) -> &'static str {
        "entities"
    }

    fn about(&self) -> &'static str {
        "character references by number, and by name those of XML and Latin-1 (HTML Standard §13.5)"
    }

    fn rank(&self) -> DecoderRank {
        DecoderRank::Else
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::AMPERSAND).without(ByteClasses::RAW)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if look.kinds.any(ByteClasses::AMPERSAND) && memchr::memchr(b';', look.bytes).is_some() {
            DecoderFit::Maybe
        } else {
            DecoderFit::No
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        match undo(value) {
            Cow::Owned(plain) if inner.budget().room(plain.len()) => PeelResult::whole(inner, &plain, None),
            _ => PeelResult::NOTHING,
        }
    }
}

/// The characters meant; borrowed if there is no reference.
pub(super) fn undo(text: &[u8]) -> Cow<'_, [u8]> {
    let mut plain = Vec::new();
    let mut kept = 0;
    for at in memchr::memchr_iter(b'&', text) {
        if at < kept {
            continue;
        }
        let longest = &text[at + 1..text.len().min(at + 12)];
        let Some(end) = memchr::memchr(b';', longest) else { continue };
        let Some(c) = character(&longest[..end]) else { continue };
        plain.extend_from_slice(&text[kept..at]);
        plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        kept = at + 1 + end + 1;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    plain.extend_from_slice(&text[kept..]);
    Cow::Owned(plain)
}

fn character(name: &[u8]) -> Option<char> {
    let name = std::str::from_utf8(name).ok()?;
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?).filter(|c| *c != '\0');
    }
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let place = LATIN1.split(' ').position(|known| known == name)?;
            char::from_u32(0xa0 + place as u32)
        }
    }
}

/// The names of U+00A0 to U+00FF.
const LATIN1: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 \
    sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml \
    Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml \
    times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil \
    egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash \
    ugrave uacute ucirc uuml yacute thorn yuml";

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed};
    use expect_test::expect;

    #[test]
    fn references_open() {
        check(
            "J&uuml;rgen &#77;&#xfc;ller &amp; Co",
            expect![[r#"
            value = J&uuml;rgen &#77;&#xfc;ller &amp; Co
            value ▸ entities = Jürgen Müller & Co
        "#]],
        );
    }

    #[test]
    fn an_ampersand_alone_stays() {
        check_closed("salt & pepper; oil");
    }
}
