//! The TLS ClientHello, RFC 8446 §4.1.2: the first message of a connection, in
//! clear.
//!
//! Whoever opens a connection may write much into it: names of servers and of
//! protocols, a session that it says to resume, extensions that nobody knows.
//! Values that TLS itself draws at random have places of their own, so that
//! whoever compares connections can leave them out. GREASE (RFC 8701) is left
//! out of lists of numbers.

use std::{collections::BTreeMap, ops::ControlFlow};

use model::LayerPlace;

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, dns};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct ClientHello;

const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: &str = "server-name";

impl Decoder for ClientHello {
    fn name(&self) -> &'static str {
        "client-hello"
    }

    fn about(&self) -> &'static str {
        "a field or an extension of a TLS ClientHello, whole or cut (RFC 8446 §4.1.2)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte == CLIENT_HELLO).with(ByteClasses::NUL).at_least(HEAD)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let starts = matches!(look.bytes, [CLIENT_HELLO, 0, _, _, 3, 0..=4, ..]);
        if starts && fields(look.bytes).is_some() { DecoderFit::Certain } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let Some(fields) = fields(value) else { return PeelResult::NOTHING };
        let mut known: BTreeMap<String, u32> = BTreeMap::new();
        for (name, field) in fields {
            let nth = known.entry(name.clone()).or_default();
            *nth += 1;
            let place = if *nth > 1 { format!("{name}#{nth}") } else { name };
            let given = if place.starts_with(SERVER_NAME) {
                dns::name(&place, &field.split(|byte| *byte == b'.').collect::<Vec<_>>(), inner)
            } else {
                inner.give(LayerPlace::at(place), &field)
            };
            if given == ControlFlow::Break(()) {
                break;
            }
        }
        PeelResult { how: PeelOutcome::Surely, gap: None }
    }
}

/// Up to the end of the session's identifier, if that is empty: less is no hello.
const HEAD: usize = 4 + 2 + 32 + 1;

/// Numbers by which extensions are known (IANA, TLS ExtensionType Values).
mod number {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const GROUPS: u16 = 10;
    pub(super) const SIGNATURES: u16 = 13;
    pub(super) const ALPN: u16 = 16;
    pub(super) const PADDING: u16 = 21;
    pub(super) const TICKET: u16 = 35;
    pub(super) const PRE_SHARED_KEY: u16 = 41;
    pub(super) const VERSIONS: u16 = 43;
    pub(super) const KEY_SHARE: u16 = 51;
    pub(super) const QUIC_PARAMETERS: u16 = 57;
    pub(super) const ENCRYPTED_HELLO: u16 = 65_037;
}

type Field = (String, Vec<u8>);

/// All fields of a message, or of the first part of one. None: it is none.
fn fields(message: &[u8]) -> Option<Vec<Field>> {
    let mut left = Reader(message.get(4..)?);
    let length = u32::from_be_bytes([0, message[1], message[2], message[3]]) as usize;
    if left.0.len() > length {
        return None;
    }
    let is_cut = left.0.len() < length;
    left.take(2)?;
    let mut fields: Vec<Field> = vec![("random".into(), left.take(32)?.to_vec())];
    if read(&mut left, &mut fields).is_none() {
        // One that is cut ends anywhere; another one that does is no hello.
        if !is_cut {
            return None;
        }
        fields.push(("rest".into(), left.0.to_vec()));
    }
    Some(fields)
}

/// What follows the random; `left` stays at what could not be read to its end.
fn read(left: &mut Reader<'_>, fields: &mut Vec<Field>) -> Option<()> {
    let mut add = |name: &str, value: &[u8]| fields.push((name.into(), value.to_vec()));
    add("session-id", left.vector(1)?);
    add("cipher-suites", &without_grease(left.vector(2)?));
    add("compression", left.vector(1)?);
    if left.0.is_empty() {
        return Some(());
    }
    // Of a message that is cut, all extensions together are longer than what is there.
    if left.number(2)? < left.0.len() {
        return None;
    }
    while !left.0.is_empty() {
        let mut ahead = *left;
        let number = ahead.number(2)? as u16;
        let value = ahead.vector(2)?;
        *left = ahead;
        extension(number, value, fields);
    }
    Some(())
}

fn extension(number: u16, value: &[u8], fields: &mut Vec<Field>) {
    let read = match number {
        number::SERVER_NAME => entries(value, 2, |list| {
            list.take(1)?;
            list.vector(2)
        })
        .map(|names| names.into_iter().map(|name| (SERVER_NAME.to_owned(), name.to_vec())).collect()),
        number::ALPN => entries(value, 2, |list| list.vector(1))
            .map(|names| names.into_iter().map(|name| ("alpn".to_owned(), name.to_vec())).collect()),
        number::GROUPS => Some(vec![("groups".to_owned(), without_grease(value))]),
        number::SIGNATURES => Some(vec![("signatures".to_owned(), without_grease(value))]),
        number::VERSIONS => value.get(1..).map(|list| vec![("versions".to_owned(), without_grease(list))]),
        number::PADDING => Some(vec![("padding".to_owned(), value.to_vec())]),
        number::TICKET => Some(vec![("ticket".to_owned(), value.to_vec())]),
        number::PRE_SHARED_KEY => Some(vec![("pre-shared-key".to_owned(), value.to_vec())]),
        number::KEY_SHARE => Some(vec![("key-share".to_owned(), value.to_vec())]),
        number::ENCRYPTED_HELLO => Some(vec![("encrypted-client-hello".to_owned(), value.to_vec())]),
        number::QUIC_PARAMETERS => parameters(value),
        number if is_grease(number) => Some(vec![("grease".to_owned(), value.to_vec())]),
        _ => None,
    };
    // One that is not as its number says is a value all the same.
    fields.extend(read.unwrap_or_else(|| vec![(format!("extension-{number}"), value.to_vec())]));
}

/// The entries of a list that begins with its length.
fn entries<'v>(
    value: &'v [u8],
    width: usize,
    entry: impl Fn(&mut Reader<'v>) -> Option<&'v [u8]>,
) -> Option<Vec<&'v [u8]>> {
    let mut whole = Reader(value);
    let mut list = Reader(whole.vector(width)?);
    let mut entries = Vec::new();
    while !list.0.is_empty() {
        entries.push(entry(&mut list)?);
    }
    (whole.0.is_empty() && !entries.is_empty()).then_some(entries)
}

/// Transport parameters (RFC 9000 §18). Some are drawn anew for each connection.
fn parameters(value: &[u8]) -> Option<Vec<Field>> {
    /// The client's own connection id; versions, with GREASE among them (RFC 9368
    /// §3, and as Google numbered it before).
    const DRAWN: [u64; 4] = [0x0f, 0x11, 0x4752, 0xff73db];
    let (mut left, mut fields) = (Reader(value), Vec::new());
    while !left.0.is_empty() {
        let number = left.variable()?;
        let length = usize::try_from(left.variable()?).ok()?;
        let value = left.take(length)?.to_vec();
        let is_drawn = DRAWN.contains(&number) || number % 31 == 27;
        fields.push((if is_drawn { "quic-grease".into() } else { format!("quic-parameter-{number}") }, value));
    }
    Some(fields)
}

/// A list of numbers without those that are drawn (RFC 8701 §2).
fn without_grease(list: &[u8]) -> Vec<u8> {
    let (pairs, rest) = list.as_chunks::<2>();
    let real = pairs.iter().filter(|pair| !is_grease(u16::from_be_bytes(**pair)));
    real.flatten().chain(rest).copied().collect()
}

/// 0x0a0a, 0x1a1a … 0xfafa.
fn is_grease(number: u16) -> bool {
    number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff
}

/// Hands out exactly what a length said, and no more.
#[derive(Clone, Copy)]
pub(super) struct Reader<'v>(pub(super) &'v [u8]);

impl<'v> Reader<'v> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'v [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    /// A number of so many bytes, at most four.
    pub(super) fn number(&mut self, width: usize) -> Option<usize> {
        Some(self.take(width)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    /// A vector that begins with its length. Nothing is taken if it is cut.
    pub(super) fn vector(&mut self, width: usize) -> Option<&'v [u8]> {
        let mut ahead = *self;
        let length = ahead.number(width)?;
        let value = ahead.take(length)?;
        *self = ahead;
        Some(value)
    }

    /// A variable-length integer (RFC 9000 §16).
    pub(super) fn variable(&mut self) -> Option<u64> {
        let width = 1 << (self.0.first()? >> 6);
        let bytes = self.take(width)?;
        let number = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        // The two bits that said how long it is.
        Some(number & (u64::MAX >> (66 - 8 * width)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use expect_test::expect;

    use super::fields;
    use crate::checks::{check, shown_of};

    /// RFC 9001, appendix A.2: what a client of QUIC says.
    pub(in crate::decoders) fn hello() -> Vec<u8> {
        data_encoding::HEXLOWER
            .decode(
                b"010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c0\
                  00000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e00\
                  0500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d7\
                  48002b0003020304000d0010000e0403050306030203080408050806002d00020101001c00024001003900320408ffffff\
                  ffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff",
            )
            .expect("it is hex")
    }

    #[test]
    fn fields_and_extensions_are_values() {
        check(
            hello(),
            expect![[r#"
            value = \x01\x00\x00\xed\x03\x03\xeb\xf8\xfaV\xf1)9\xb9XJ8\x96G.\xc4\x0b\xb8c\xcf\xd3\xe8h\x04\xfe:G\xf0j+iHL\x00\x00\x04\x13\x01\x13\x02\x01\x00\x00\xc0\x00\x00\x00\x10\x00\x0e\x00\x00\x0bex…
            value ▸ client-hello random = \xeb\xf8\xfaV\xf1)9\xb9XJ8\x96G.\xc4\x0b\xb8c\xcf\xd3\xe8h\x04\xfe:G\xf0j+iHL
            value ▸ client-hello cipher-suites = \u{13}\u{1}\u{13}\u{2}
            value ▸ client-hello compression = \0
            value ▸ client-hello server-name = example.com
            value ▸ client-hello "server-name label 1" = example
            value ▸ client-hello "server-name label 2" = com
            value ▸ client-hello extension-65281 = \0
            value ▸ client-hello groups = \0\u{6}\0\u{1d}\0\u{17}\0\u{18}
            value ▸ client-hello alpn = alpn
            value ▸ client-hello extension-5 = \u{1}\0\0\0\0
            value ▸ client-hello key-share = \x00$\x00\x1d\x00 \x93p\xb2\xc9\xca\xa4\x7f\xba\xba\xf4U\x9f\xed\xbau=\xe1q\xfaq\xf5\x0f\x1c\xe1]C\xe9\x94\xect\xd7H
            value ▸ client-hello versions = \u{3}\u{4}
            value ▸ client-hello signatures = \0\u{e}\u{4}\u{3}\u{5}\u{3}\u{6}\u{3}\u{2}\u{3}\u{8}\u{4}\u{8}\u{5}\u{8}\u{6}
            value ▸ client-hello signatures ▸ xor 6f ~ oakljlilmlgkgjgi
            value ▸ client-hello extension-45 = \u{1}\u{1}
            value ▸ client-hello extension-28 = @\u{1}
            value ▸ client-hello quic-parameter-4 = \xff\xff\xff\xff\xff\xff\xff\xff
            value ▸ client-hello quic-parameter-5 = \x80\x00\xff\xff
            value ▸ client-hello quic-parameter-7 = \x80\x00\xff\xff
            value ▸ client-hello quic-parameter-8 = \u{10}
            value ▸ client-hello quic-parameter-1 = \x80\x00u0
            value ▸ client-hello quic-parameter-9 = \u{10}
            value ▸ client-hello quic-grease = \x83\x94\xc8\xf0>QW\x08
            value ▸ client-hello quic-parameter-6 = \x80\x00\xff\xff
            value ▸ client-hello signatures ▸ xor-key "key ../client-hello server-name" ~ evenuoc-aleapdev
        "#]],
        );
    }

    #[test]
    fn a_random_field_that_begins_like_a_layer_by_chance_is_no_gap() {
        let gaps_of = |value: &[u8]| {
            let mut gaps = Vec::new();
            crate::open_value(value, &crate::DecodeLimits::default(), &mut |_| {}, &mut gaps);
            gaps
        };
        for magic in [[0x78, 0x9c], [0x78, 0xda], [0x78, 0x01], [0x1f, 0x8b]] {
            let mut hello = hello();
            hello[6..8].copy_from_slice(&magic);
            assert_eq!(gaps_of(&hello), [], "{magic:x?}");
        }
        // The same bytes where nothing has to be random are one.
        assert!(!gaps_of(&[&[0x78, 0x9c][..], &hello()[8..38]].concat()).is_empty());
    }

    #[test]
    fn a_name_is_opened_label_by_label_and_what_nobody_knows_is_a_value() {
        let list = |width: usize, value: &[u8]| [&value.len().to_be_bytes()[8 - width..], value].concat();
        let extension = |number: u16, value: &[u8]| [&number.to_be_bytes()[..], &list(2, value)].concat();
        let name = [&[0][..], &list(2, b"nb2hi4dthixs6yzu.e6jomv4gc3lqnrss.told.example")].concat();
        let extensions = [
            extension(0x2a2a, b""),
            extension(0, &list(2, &name)),
            extension(0xfab1, b"https://c4n4ry.example/p?q=1"),
            extension(16, &list(2, &list(1, b"https://c4n4ry.example/"))),
            extension(0xfab1, b"again"),
            // Not as its number says.
            extension(16, b"other"),
        ];
        let body = [&[3, 3][..], &[7; 32], &[0], &[0, 4, 0x3a, 0x3a, 0x13, 1], &[1, 0]].concat();
        let body = [&body[..], &list(2, &extensions.concat())].concat();
        let shown = shown_of([&[1][..], &list(3, &body)].concat());
        let kept: String = shown.lines().skip(1).filter(|line| !line.contains(" ~ ")).collect::<Vec<_>>().join("\n");
        expect![[r#"
            value ▸ client-hello random = \u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}
            value ▸ client-hello cipher-suites = \u{13}\u{1}
            value ▸ client-hello compression = \0
            value ▸ client-hello server-name = nb2hi4dthixs6yzu.e6jomv4gc3lqnrss.told.example
            value ▸ client-hello "server-name label 1" = nb2hi4dthixs6yzu
            value ▸ client-hello "server-name label 1" ▸ base32 = https://c4
            value ▸ client-hello "server-name label 2" = e6jomv4gc3lqnrss
            value ▸ client-hello "server-name label 3" = told
            value ▸ client-hello "server-name label 4" = example
            value ▸ client-hello "server-name below 2" = nb2hi4dthixs6yzue6jomv4gc3lqnrss
            value ▸ client-hello "server-name below 2" ▸ base32 = https://c4\'\x92\xe6W\x86\x16\xd7\x06\xc6R
            value ▸ client-hello extension-64177 = https://c4n4ry.example/p?q=1
            value ▸ client-hello extension-64177 ▸ path 1 = p
            value ▸ client-hello extension-64177 ▸ query q = 1
            value ▸ client-hello alpn = https://c4n4ry.example/
            value ▸ client-hello extension-64177#2 = again
            value ▸ client-hello extension-16 = other"#]].assert_eq(&kept);
    }

    #[test]
    fn one_that_is_cut_gives_what_it_has_to_its_last_byte() {
        let whole = hello();
        // The two bytes of a length are none.
        for cut in (39..whole.len()).filter(|cut| *cut != 49) {
            let fields = fields(&whole[..cut]).expect("it begins like one");
            let (_, last) = fields.last().expect("there is one");
            assert!(whole[..cut].ends_with(last), "{cut}");
        }
        assert!((0..38).all(|cut| fields(&whole[..cut]).is_none()));
    }

    #[test]
    fn what_does_not_end_where_it_says_is_none() {
        let whole = hello();
        assert!(fields(&[&whole[..], &[0]].concat()).is_none());
        let mut shorter = whole.clone();
        shorter[3] -= 1;
        shorter.pop();
        assert!(fields(&shorter).is_none(), "its last extension is cut, and it is not");
    }
}
