//! Datagrams that begin with an Initial packet of QUIC, RFC 9000 §17.2.2.
//!
//! Its keys follow from a number in its own header (RFC 9001 §5.2): whoever sees the
//! first datagram of a connection can read it. In it is the ClientHello, in pieces and in
//! any order; all of one datagram are put together. A packet that only begins like one is
//! given as it is, and said to be closed.

use std::{collections::BTreeMap, ops::ControlFlow};

use model::{GapReason, LayerPlace};

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, client_hello::Reader};
use crate::{prefilter::Prefilter, quic_keys::InitialKeys, value_view::ValueView};

pub(super) struct Quic;

impl Decoder for Quic {
    fn name(&self) -> &'static str {
        "quic"
    }

    fn about(&self) -> &'static str {
        "a field of a QUIC Initial packet, and what its CRYPTO frames hold (RFC 9000 §17.2.2, RFC 9001 §5.2)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte & 0xc0 == 0xc0).at_least(SHORTEST)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if Initial::read(&mut Reader(look.bytes)).is_some() { DecoderFit::Certain } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let (mut left, mut gap, mut opened) = (Reader(value), None, false);
        let mut crypto = Pieces::default();
        let mut numbered = Numbered { inner, packet: 0 };
        let mut flow = ControlFlow::Continue(());
        while flow.is_continue()
            && let Some(initial) = Initial::read(&mut left)
        {
            opened = true;
            numbered.packet += 1;
            flow = numbered.header(&initial);
            match initial.opened() {
                Some(plain) if flow.is_continue() => flow = numbered.frames(&plain, &mut crypto),
                Some(_) => {}
                None => {
                    gap = Some(GapReason::Sealed);
                    flow = numbered.give("payload", initial.payload);
                }
            }
        }
        if !opened {
            return PeelResult::NOTHING;
        }
        // Behind the last packet there may be others, of which nobody has the keys.
        if flow.is_continue() && left.0.iter().any(|byte| *byte != 0) {
            flow = numbered.inner.give(LayerPlace::at("rest"), left.0);
        }
        if flow.is_continue() {
            crypto.give(numbered.inner);
        }
        PeelResult { how: PeelOutcome::Surely, gap }
    }
}

/// First byte, version, the lengths of both ids and of the token, of the payload, and a sample.
const SHORTEST: usize = 1 + 4 + 1 + 1 + 1 + 2 + 20;

/// An Initial packet as it was sent.
struct Initial<'v> {
    version: [u8; 4],
    /// The whole packet.
    bytes: &'v [u8],
    destination: &'v [u8],
    source: &'v [u8],
    token: &'v [u8],
    /// Its number and what is encrypted.
    payload: &'v [u8],
}

impl<'v> Initial<'v> {
    /// The packet at the start of `left`, which then stands behind it.
    fn read(left: &mut Reader<'v>) -> Option<Self> {
        const LONGEST_ID: usize = 20;
        let (whole, mut ahead) = (left.0, *left);
        let first = ahead.take(1)?[0];
        let version = *ahead.take(4)?.first_chunk()?;
        if first & 0xf0 != InitialKeys::first_byte(version)? {
            return None;
        }
        let (destination, source) = (ahead.vector(1)?, ahead.vector(1)?);
        if destination.len() > LONGEST_ID || source.len() > LONGEST_ID {
            return None;
        }
        let length = usize::try_from(ahead.variable()?).ok()?;
        let token = ahead.take(length)?;
        let length = usize::try_from(ahead.variable()?).ok()?;
        let payload = ahead.take(length)?;
        let bytes = &whole[..whole.len() - ahead.0.len()];
        *left = ahead;
        (payload.len() >= 20).then_some(Self { version, bytes, destination, source, token, payload })
    }

    fn opened(&self) -> Option<Vec<u8>> {
        let at = self.bytes.len() - self.payload.len();
        InitialKeys::of_client(self.version, self.destination)?.open(self.bytes, at)
    }
}

/// Gives values, of the second packet and those after it with its number.
struct Numbered<'n> {
    inner: &'n mut dyn InnerValues,
    packet: usize,
}

impl Numbered<'_> {
    fn give(&mut self, name: &str, value: &[u8]) -> ControlFlow<()> {
        let place = if self.packet > 1 { format!("{name}#{}", self.packet) } else { name.to_owned() };
        self.inner.give(LayerPlace::at(place), value)
    }

    fn header(&mut self, initial: &Initial<'_>) -> ControlFlow<()> {
        let fields = [("destination-id", initial.destination), ("source-id", initial.source), ("token", initial.token)];
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            self.give(name, value)?;
        }
        ControlFlow::Continue(())
    }

    /// Goes through the frames that a client sends in an Initial packet (RFC 9000
    /// §12.4). What is none of them is given as it is.
    fn frames(&mut self, plain: &[u8], crypto: &mut Pieces) -> ControlFlow<()> {
        let mut left = Reader(plain);
        while !left.0.is_empty() {
            let before = left;
            match frame(&mut left) {
                Some(Frame::Nothing) => {}
                Some(Frame::Crypto(at, data)) => crypto.add(at, data),
                Some(Frame::Reason(reason)) => self.give("reason", reason)?,
                None => return self.give("frames", before.0),
            }
        }
        ControlFlow::Continue(())
    }
}

enum Frame<'v> {
    /// It carries no value.
    Nothing,
    /// Where in the handshake a piece of it stands (RFC 9000 §19.6).
    Crypto(u64, &'v [u8]),
    /// Why the connection is closed, in words (§19.19).
    Reason(&'v [u8]),
}

fn frame<'v>(left: &mut Reader<'v>) -> Option<Frame<'v>> {
    match left.variable()? {
        // PADDING and PING.
        0 | 1 => Some(Frame::Nothing),
        kind @ (2 | 3) => acknowledged(left, kind == 3).map(|()| Frame::Nothing),
        6 => {
            let at = left.variable()?;
            let length = usize::try_from(left.variable()?).ok()?;
            Some(Frame::Crypto(at, left.take(length)?))
        }
        kind @ (0x1c | 0x1d) => {
            left.variable()?;
            if kind == 0x1c {
                left.variable()?;
            }
            let length = usize::try_from(left.variable()?).ok()?;
            left.take(length).map(Frame::Reason)
        }
        _ => None,
    }
}

/// An ACK frame (§19.3), with counts of congestion or without.
fn acknowledged(left: &mut Reader<'_>, counts: bool) -> Option<()> {
    left.variable()?;
    left.variable()?;
    let ranges = left.variable()?;
    left.variable()?;
    for _ in 0..ranges.checked_mul(2)? {
        left.variable()?;
    }
    for _ in 0..if counts { 3 } else { 0 } {
        left.variable()?;
    }
    Some(())
}

/// Pieces of the handshake, by where they stand in it.
#[derive(Default)]
struct Pieces(BTreeMap<u64, Vec<u8>>);

impl Pieces {
    fn add(&mut self, at: u64, data: &[u8]) {
        let known = self.0.entry(at).or_default();
        if known.len() < data.len() {
            *known = data.to_vec();
        }
    }

    /// Gives what belongs together in one: `crypto`, or where it stands if its start is missing.
    fn give(self, inner: &mut dyn InnerValues) {
        let mut runs: Vec<(u64, Vec<u8>)> = Vec::new();
        for (at, data) in self.0 {
            match runs.last_mut() {
                Some((start, run)) if at <= *start + run.len() as u64 => {
                    let known = (*start + run.len() as u64 - at) as usize;
                    run.extend(data.get(known..).unwrap_or_default());
                }
                _ => runs.push((at, data)),
            }
        }
        for (start, run) in runs {
            let place = if start == 0 { "crypto".to_owned() } else { format!("crypto-{start}") };
            if inner.give(LayerPlace::at(place), &run).is_break() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::{checks::shown_of, quic_keys::InitialKeys};

    const V1: [u8; 4] = [0, 0, 0, 1];
    const V2: [u8; 4] = [0x6b, 0x33, 0x43, 0xcf];
    const DESTINATION: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

    /// A packet as a client sends it, with these frames.
    fn initial(version: [u8; 4], token: &[u8], frames: &[u8]) -> Vec<u8> {
        let first = InitialKeys::first_byte(version).expect("it is known") | 3;
        let ids = [&[8][..], &DESTINATION, &[0, token.len() as u8], token].concat();
        let length = (frames.len() + 4 + 16) as u16 | 0x4000;
        let head = [&[first][..], &version, &ids, &length.to_be_bytes(), &[0, 0, 0, 2]].concat();
        InitialKeys::of_client(version, &DESTINATION).expect("it is known").protect(&head, frames)
    }

    fn crypto(at: u8, data: &[u8]) -> Vec<u8> {
        [&[6, at][..], &(data.len() as u16 | 0x4000).to_be_bytes(), data].concat()
    }

    fn padded(frames: &[&[u8]]) -> Vec<u8> {
        let mut frames = frames.concat();
        frames.resize(1_162, 0);
        frames
    }

    fn lines(value: &[u8]) -> Vec<String> {
        let shown = shown_of(value);
        let is_guess = |line: &&str| line.contains(" ~ ");
        shown.lines().skip(1).filter(|line| !is_guess(line)).map(str::to_owned).collect()
    }

    #[test]
    fn the_sample_of_the_specification_is_protected_as_it_says() {
        let hello = super::super::client_hello::tests::hello();
        let packet = initial(V1, b"", &padded(&[&crypto(0, &hello)]));
        let begins = data_encoding::HEXLOWER.encode(&packet[..38]);
        assert_eq!(begins, "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b");
        assert_eq!(packet.len(), 1_200);
    }

    #[test]
    fn pieces_of_a_hello_are_put_together_in_any_order() {
        let hello = super::super::client_hello::tests::hello();
        for version in [V1, V2] {
            let pieces = [crypto(60, &hello[60..]), vec![1, 0, 0], crypto(0, &hello[..40]), crypto(30, &hello[30..60])];
            let packet = initial(version, b"", &padded(&pieces.each_ref().map(Vec::as_slice)));
            let names = |line: &String| line.contains("quic crypto ▸ client-hello server-name = example.com");
            assert!(lines(&packet).iter().any(names), "{:?}", lines(&packet));
        }
    }

    #[test]
    fn a_token_a_reason_and_what_is_no_frame_are_values() {
        let closes = [&[0x1c, 0, 6, 28][..], b"https://c4n4ry.example/p?q=1", &[0x2f], b"no frame"].concat();
        let mut datagram = initial(V1, b"https://c4n4ry.example/", &closes);
        datagram.extend(initial(V1, b"", &[&[2, 0, 0, 0, 0][..], &crypto(50, b"a piece of it")].concat()));
        datagram.extend(b"and more behind it");
        expect![[r#"
            value ▸ quic destination-id = \x83\x94\xc8\xf0>QW\x08
            value ▸ quic token = https://c4n4ry.example/
            value ▸ quic reason = https://c4n4ry.example/p?q=1
            value ▸ quic reason ▸ path 1 = p
            value ▸ quic reason ▸ query q = 1
            value ▸ quic frames = /no frame
            value ▸ quic destination-id#2 = \x83\x94\xc8\xf0>QW\x08
            value ▸ quic rest = and more behind it
            value ▸ quic crypto-50 = a piece of it"#]]
        .assert_eq(&lines(&datagram).join("\n"));
    }

    #[test]
    fn what_only_begins_like_quic_is_given_as_it_is_and_said_to_be_closed() {
        let text = b"https://c4n4ry.example/p?q=1, and nothing of it is encrypted";
        let head = [&[0xc3][..], &V1, &[8], &DESTINATION, &[0, 0, 0x40, text.len() as u8]].concat();
        expect![[r#"
            value ▸ quic destination-id = \x83\x94\xc8\xf0>QW\x08
            value ▸ quic payload = https://c4n4ry.example/p?q=1, and nothing of it is encrypted
            value ▸ quic payload ▸ path 1 = p
            value ▸ quic payload ▸ query q = 1, and nothing of it is encrypted
            value ! Sealed: the quic layer is encrypted"#]]
        .assert_eq(&lines(&[&head[..], text].concat()).join("\n"));
    }

    #[test]
    fn a_packet_that_is_cut_or_changed_is_no_panic() {
        let hello = super::super::client_hello::tests::hello();
        let packet = initial(V1, b"token", &padded(&[&crypto(0, &hello)]));
        for cut in 0..packet.len() {
            shown_of(&packet[..cut]);
        }
        for at in 0..60 {
            let mut changed = packet.clone();
            changed[at] ^= 0xff;
            shown_of(changed);
        }
    }
}
