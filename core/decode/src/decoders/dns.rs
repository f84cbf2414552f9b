//! DNS messages, RFC 1035 §4.
//!
//! Names are the oldest way past a firewall: what is to be told stands in the
//! labels below a name of whoever is to hear it, in base32 or hex, cut at 63
//! characters. So each label is a value, and all labels below the zone joined.

use model::LayerPlace;

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Dns;

/// Questions and records in one message; a query has one and an EDNS record.
const MOST: usize = 32;

impl Decoder for Dns {
    fn name(&self) -> &'static str {
        "dns"
    }

    fn about(&self) -> &'static str {
        "a name of a DNS message, its labels, or what its options hold (RFC 1035 §4)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::NUL)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let could = look.bytes.len() >= 17 && look.bytes[4] == 0 && (1..=4).contains(&look.bytes[5]);
        if could && message(look.bytes).is_some() { DecoderFit::Certain } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let Some(parts) = message(value) else { return PeelResult::NOTHING };
        for (i, part) in parts.iter().enumerate() {
            let number = (i + 1).to_string();
            let given = match part {
                MessagePart::Name(labels) => name(&number, labels, inner),
                MessagePart::Data(data) => inner.give(LayerPlace::at(number), data),
            };
            if given.is_break() {
                break;
            }
        }
        PeelResult { how: PeelOutcome::Surely, gap: None }
    }
}

enum MessagePart<'v> {
    /// Of a question.
    Name(Vec<&'v [u8]>),
    /// What a record or an option holds.
    Data(&'v [u8]),
}

/// Gives a name, its labels, and those below a zone; `number` is the place of the name.
pub(super) fn name(number: &str, labels: &[&[u8]], inner: &mut dyn InnerValues) -> std::ops::ControlFlow<()> {
    inner.show(LayerPlace::at(number.to_owned()), &labels.join(&b"."[..]))?;
    for (i, label) in labels.iter().enumerate() {
        inner.give(LayerPlace::at(format!("{number} label {}", i + 1)), label)?;
    }
    // Where the zone begins the message does not say: two labels, or three.
    for zone in [2, 3] {
        if labels.len() > zone + 1 {
            let below = labels[..labels.len() - zone].concat();
            inner.give(LayerPlace::at(format!("{number} below {zone}")), &below)?;
        }
    }
    std::ops::ControlFlow::Continue(())
}

/// The parts of a message that is one from its first byte to its last.
fn message(value: &[u8]) -> Option<Vec<MessagePart<'_>>> {
    let (head, mut rest) = value.split_at_checked(12)?;
    let count = |at: usize| usize::from(u16::from_be_bytes([head[at], head[at + 1]]));
    let (questions, records) = (count(4), count(6) + count(8) + count(10));
    if !(1..=4).contains(&questions) || records > MOST {
        return None;
    }
    let mut parts = Vec::new();
    for _ in 0..questions {
        let (labels, after) = labels(rest)?;
        rest = after.get(4..)?;
        parts.push(MessagePart::Name(labels));
    }
    for _ in 0..records {
        let (_, after) = labels(rest)?;
        let (fixed, after) = after.split_at_checked(10)?;
        let (data, after) = after.split_at_checked(usize::from(u16::from_be_bytes([fixed[8], fixed[9]])))?;
        rest = after;
        const OPT: [u8; 2] = [0, 41];
        match options(data).filter(|_| fixed[..2] == OPT) {
            Some(options) => parts.extend(options.into_iter().map(MessagePart::Data)),
            None => parts.push(MessagePart::Data(data)),
        }
    }
    rest.is_empty().then_some(parts)
}

/// The labels of a name, up to a pointer to one that stood before (§4.1.4).
fn labels(mut bytes: &[u8]) -> Option<(Vec<&[u8]>, &[u8])> {
    let mut labels = Vec::new();
    loop {
        let (length, rest) = bytes.split_first()?;
        match length {
            0 => return Some((labels, rest)),
            1..=63 => {
                let (label, after) = rest.split_at_checked(usize::from(*length))?;
                labels.push(label);
                bytes = after;
            }
            0xc0.. => return Some((labels, rest.get(1..)?)),
            _ => return None,
        }
    }
}

/// What EDNS options hold (RFC 6891 §6.1.2).
fn options(mut data: &[u8]) -> Option<Vec<&[u8]>> {
    let mut options = Vec::new();
    while let Some((head, rest)) = data.split_at_checked(4) {
        let (option, after) = rest.split_at_checked(usize::from(u16::from_be_bytes([head[2], head[3]])))?;
        options.push(option);
        data = after;
    }
    data.is_empty().then_some(options)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::checks::check;

    fn question(name: &str, more: &[u8]) -> Vec<u8> {
        let labels: Vec<u8> =
            name.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
        let additional = u8::from(!more.is_empty());
        [&[7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, additional][..], &labels, &[0, 0, 1, 0, 1], more].concat()
    }

    #[test]
    fn labels_are_opened_one_by_one_and_joined() {
        check(
            question("nb2hi4dthixs6yzuny2h.e6jomv4gc3lqnrss64b7.oe6tc.told.example", &[]),
            expect![[r#"
                value = \u{7}\u{7}\u{1}\0\0\u{1}\0\0\0\0\0\0\u{14}nb2hi4dthixs6yzuny2h\u{14}e6jomv4gc3lqnrss64b7\u{5}oe6tc…
                value ▸ dns 1 = nb2hi4dthixs6yzuny2h.e6jomv4gc3lqnrss64b7.oe6tc.told.example
                value ▸ dns "1 label 1" = nb2hi4dthixs6yzuny2h
                value ▸ dns "1 label 1" ▸ base32 = https://c4n4
                value ▸ dns "1 label 2" = e6jomv4gc3lqnrss64b7
                value ▸ dns "1 label 2" ▸ reversed ~ 7b46ssrnql3cg4vmoj6e
                value ▸ dns "1 label 3" = oe6tc
                value ▸ dns "1 label 4" = told
                value ▸ dns "1 label 5" = example
                value ▸ dns "1 below 2" = nb2hi4dthixs6yzuny2he6jomv4gc3lqnrss64b7oe6tc
                value ▸ dns "1 below 2" ▸ base32 = https://c4n4ry.example/p?q=1
                value ▸ dns "1 below 2" ▸ base32 ▸ path 1 = p
                value ▸ dns "1 below 2" ▸ base32 ▸ query q = 1
                value ▸ dns "1 below 3" = nb2hi4dthixs6yzuny2he6jomv4gc3lqnrss64b7
                value ▸ dns "1 below 3" ▸ base32 = https://c4n4ry.example/p?
                value ▸ dns "1 below 3" ▸ base32 ▸ path 1 = p
            "#]],
        );
    }

    #[test]
    fn what_an_option_holds_is_a_value() {
        let option = [&[0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 10, 0xff, 0xdc, 0, 6][..], b"hidden"].concat();
        check(
            question("a.example", &option),
            expect![[r#"
                value = \x07\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x01a\x07example\x00\x00\x01\x00\x01\x00\x00)\x10\x00\x00\x00\x00\x00\x00\n\xff\xdc\x00\x06hidden
                value ▸ dns 1 = a.example
                value ▸ dns "1 label 1" = a
                value ▸ dns "1 label 2" = example
                value ▸ dns 2 = hidden
            "#]],
        );
    }
}
