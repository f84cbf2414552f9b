//! Four bytes in five characters: Ascii85 as Adobe and btoa write it (PDF
//! 32000-1 §7.4.3), base85 as in RFC 1924 and Git, Z85 (ZeroMQ RFC 32).

use super::{Decoder, DecoderFit, DecoderRank, InnerValues, PeelResult, sense};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Base85 {
    name: &'static str,
    about: &'static str,
    /// What each character stands for; 85 for none.
    values: &'static [u8; 256],
}

/// The table of an alphabet, its characters in order.
const fn values(alphabet: &[u8; 85]) -> [u8; 256] {
    let mut table = [85; 256];
    let mut i = 0;
    while i < alphabet.len() {
        table[alphabet[i] as usize] = i as u8;
        i += 1;
    }
    table
}

pub(super) static ASCII85: Base85 = Base85 {
    name: "ascii85",
    about: "Ascii85, between <~ and ~> or not (PDF 32000-1 §7.4.3)",
    values: const { &values(b"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstu") },
};

pub(super) static BASE85: Base85 = Base85 {
    name: "base85",
    about: "base85 with the alphabet of RFC 1924, as Git and Python use it",
    values: const { &values(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~") },
};

pub(super) static Z85: Base85 = Base85 {
    name: "z85",
    about: "Z85 (ZeroMQ RFC 32)",
    values: const { &values(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#") },
};

impl Decoder for Base85 {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn rank(&self) -> DecoderRank {
        DecoderRank::Else
    }

    fn shape(&self) -> Prefilter {
        let strange = ByteClasses::OTHER
            .and(ByteClasses::ANGLE)
            .and(ByteClasses::BACKSLASH)
            .and(ByteClasses::AMPERSAND)
            .and(ByteClasses::COLON);
        let strange = strange
            .and(ByteClasses::BRACE)
            .and(ByteClasses::AT)
            .and(ByteClasses::SEMICOLON)
            .and(ByteClasses::COMMA)
            .and(ByteClasses::DOLLAR);
        Prefilter::ANY
            .with(strange)
            .without(ByteClasses::SPACE.and(ByteClasses::HIGH).and(ByteClasses::BINARY))
            .at_least(10)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if look.bytes.len() % 5 != 1 { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        match self.decoded(value) {
            Some(plain) if plain.len() >= 6 && sense::makes(&plain) && inner.budget().room(plain.len()) => {
                PeelResult::whole(inner, &plain, None)
            }
            _ => PeelResult::NOTHING,
        }
    }
}

impl Base85 {
    /// The bytes; none at the first group of text that is no group, or opens
    /// to what neither text nor a mark starts with.
    fn decoded(&self, value: &[u8]) -> Option<Vec<u8>> {
        let marked = value.strip_prefix(b"<~").and_then(|rest| rest.trim_ascii_end().strip_suffix(b"~>"));
        let text = marked.unwrap_or(value);
        let head = text.first_chunk::<5>()?.map(|byte| u32::from(self.values[usize::from(byte)]));
        let known = text[0] == b'z'
            || head.iter().all(|value| *value < 85) && word(head).is_some_and(|word| sense::may_be_first(&word));
        if !known {
            return None;
        }
        let mut plain = Vec::with_capacity(text.len());
        let mut group = [0u32; 5];
        let mut filled = 0;
        for byte in text {
            match byte {
                b'\n' | b'\r' | b'\t' => continue,
                b'z' if filled == 0 && self.name == "ascii85" => {
                    plain.extend([0; 4]);
                    continue;
                }
                _ => group[filled] = Some(u32::from(self.values[usize::from(*byte)])).filter(|value| *value < 85)?,
            }
            filled += 1;
            if filled == 5 {
                plain.extend(word(group)?);
                filled = 0;
            }
        }
        if filled > 1 {
            group[filled..].fill(84);
            plain.extend(&word(group)?[..filled - 1]);
        }
        Some(plain)
    }
}

fn word(group: [u32; 5]) -> Option<[u8; 4]> {
    let value = group.iter().fold(0u64, |value, digit| value * 85 + u64::from(*digit));
    u32::try_from(value).ok().map(u32::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed};
    use expect_test::expect;

    #[test]
    fn the_three_alphabets_open() {
        check(
            "87cURD]i,\"Ebo80",
            expect![[r#"
            value = 87cURD]i,"Ebo80
            value ▸ ascii85 = Hello World!
        "#]],
        );
        check(
            "<~87cURD]i,\"Ebo80~>",
            expect![[r#"
            value = <~87cURD]i,"Ebo80~>
            value ▸ ascii85 = Hello World!
        "#]],
        );
        check(
            "Xk~0{Zy<MXa%^NF",
            expect![[r#"
            value = Xk~0{Zy<MXa%^NF
            value ▸ base85 = hello world!
        "#]],
        );
        check(
            "nm(QNzY<mxA+]nf",
            expect![[r#"
                value = nm(QNzY<mxA+]nf
                value ▸ z85 = Hfjmo world!
            "#]],
        );
    }

    #[test]
    fn punctuation_alone_is_none() {
        check_closed("$pageview:end");
        check_closed("(hover:none)");
    }
}
