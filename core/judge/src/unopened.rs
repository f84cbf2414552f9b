//! Finds fields that look like noise and that no decoder opened.
//!
//! Such a field is encrypted inside of TLS, or has a format that we do not
//! know. A value counts as opened as soon as a decoder found a value inside of
//! it.

use std::{collections::BTreeMap, fmt};

use model::{LayerPlace, Leaf, Route};

use crate::{
    noise::{SEALED_BITS, noise_bits},
    places::{OuterValue, digest, is_protocol_randomness, place_of},
};

/// A field that no decoder opened. The digest of its value allows to recognise
/// constants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SealedField {
    pub digest: u64,
    pub bytes: u64,
}

impl fmt::Debug for SealedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedField(.., {} bytes)", self.bytes)
    }
}

/// Collects the unopened fields of one exchange. It takes the values outside
/// in.
#[derive(Clone, Default)]
pub struct UnopenedFields {
    fields: Vec<SealedField>,
    /// The last noisy value, until a value inside of it or after it comes.
    waiting: Option<PendingField>,
    /// Short members of lists, joined: `[12, 200, 13]`.
    lists: BTreeMap<String, Vec<u8>>,
}

/// A noisy field that a decoder may still open.
#[derive(Clone)]
struct PendingField {
    outer: OuterValue,
    field: SealedField,
    /// Number of pieces that a splitting layer cut the text into; `piece_bytes` is
    /// their total length.
    pieces: u64,
    piece_bytes: u64,
}

/// Layers that only split a text at separators: noise contains separators by
/// chance.
const SPLITTING: [&str; 9] = ["form", "query", "path", "fragment", "pairs", "delimited", "lines", "cookie", "part"];

impl PendingField {
    /// Whether a split text counts as opened. Noise that is split by chance has
    /// short pieces, and does not.
    fn is_open(&self) -> bool {
        const SHORT: u64 = 24;
        self.pieces > 0 && self.piece_bytes / self.pieces >= SHORT
    }
}

impl fmt::Debug for UnopenedFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed(..)")
    }
}

impl UnopenedFields {
    /// Takes the next value.
    pub fn see(&mut self, leaf: &Leaf<'_>) {
        if leaf.weak {
            return; // a guess opens nothing
        }
        self.waiting = self.waiting.take().and_then(|waiting| self.after(waiting, leaf));
        if noise_bits(leaf.value) > SEALED_BITS && !is_protocol_randomness(&place_of(&leaf.route.trail()), leaf.value) {
            let field = SealedField { digest: digest(leaf.value), bytes: leaf.value.len() as u64 };
            self.waiting = Some(PendingField { outer: OuterValue::of(leaf.route), field, pieces: 0, piece_bytes: 0 });
        }
        self.member(leaf);
    }

    /// The waiting field after the next value: it still waits, or was closed or
    /// opened.
    fn after(&mut self, mut waiting: PendingField, next: &Leaf<'_>) -> Option<PendingField> {
        match waiting.outer.layer_within(next.route) {
            None => {
                self.close(waiting);
                None
            }
            Some(layer) if SPLITTING.contains(&layer) => {
                if next.route.depth() == waiting.outer.depth() + 1 {
                    waiting.pieces += 1;
                    waiting.piece_bytes += next.value.len() as u64;
                }
                Some(waiting)
            }
            Some(_) => None,
        }
    }

    fn close(&mut self, waiting: PendingField) {
        if !waiting.is_open() {
            self.fields.push(waiting.field);
        }
    }

    /// Takes a short member of a list: a list of numbers or letters can be one
    /// value, written element by element.
    fn member(&mut self, leaf: &Leaf<'_>) {
        const LONGEST: usize = 3;
        const KEPT: usize = 1 << 14;
        if leaf.value.len() > LONGEST || !is_member(leaf.route) {
            return;
        }
        let list = self.lists.entry(place_of(&leaf.route.trail())).or_default();
        if list.len() < KEPT {
            list.extend_from_slice(leaf.value);
            list.push(b',');
        }
    }

    /// The fields that no decoder opened.
    pub fn fields(mut self) -> Vec<SealedField> {
        if let Some(waiting) = self.waiting.take() {
            self.close(waiting);
        }
        for list in self.lists.values() {
            let letters: Vec<u8> = list.iter().copied().filter(|byte| *byte != b',').collect();
            if noise_bits(list).max(noise_bits(&letters)) > SEALED_BITS {
                self.fields.push(SealedField { digest: digest(list), bytes: letters.len() as u64 });
            }
        }
        self.fields
    }
}

/// Whether a value is a member of a list itself, not of something in a list.
fn is_member(route: &Route<'_>) -> bool {
    matches!(route.place, LayerPlace::At(name) if name.ends_with(']') || name.contains('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 7_u64;
        let next = |state: &mut u64| {
            *state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (*state >> 56) as u8
        };
        (0..length).map(|_| next(&mut state)).collect()
    }

    fn bytes(closed: UnopenedFields) -> u64 {
        closed.fields().iter().map(|field| field.bytes).sum()
    }

    fn closed(values: &[(usize, &[u8])]) -> u64 {
        let mut closed = UnopenedFields::default();
        let whole = LayerPlace::Whole;
        let outer = Route { before: None, layer: "body", place: &whole };
        let inner = Route { before: Some(&outer), layer: "gzip", place: &whole };
        for (depth, value) in values {
            let route = if *depth == 1 { &outer } else { &inner };
            closed.see(&Leaf { value, route, weak: false });
        }
        bytes(closed)
    }

    #[test]
    fn noise_in_which_nothing_is_found_stays_closed() {
        assert_eq!(closed(&[(1, &noise(300))]), 300);
        assert_eq!(closed(&[(1, &noise(300)), (1, b"next=part")]), 300);
        let hex: String = noise(100).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(closed(&[(1, hex.as_bytes())]), 200, "written as text");
    }

    #[test]
    fn noise_in_which_something_is_found_was_open() {
        assert_eq!(closed(&[(1, &noise(300)), (2, b"what was in it")]), 0);
        assert_eq!(closed(&[(1, &noise(300)), (2, &noise(200))]), 200, "and is closed one layer deeper");
    }

    #[test]
    fn text_and_what_holds_at_most_512_bits_is_not_sealed() {
        assert_eq!(closed(&[(1, "a plain text, longer than the shortest that could be noise at all".as_bytes())]), 0);
        assert_eq!(closed(&[(1, &noise(64))]), 0);
        assert_eq!(closed(&[(1, &[0xff, 0, 0, 0].repeat(64))]), 0);
    }

    #[test]
    fn noise_that_falls_apart_at_signs_that_separate_was_not_read() {
        let split = |pieces: usize| {
            let mut closed = UnopenedFields::default();
            let (whole, field) = (LayerPlace::Whole, LayerPlace::at("x"));
            let body = Route { before: None, layer: "body", place: &whole };
            let inner = Route { before: Some(&body), layer: "form", place: &field };
            closed.see(&Leaf { value: &noise(300), route: &body, weak: false });
            for _ in 0..pieces {
                let piece = "x".repeat(300 / pieces);
                closed.see(&Leaf { value: piece.as_bytes(), route: &inner, weak: false });
            }
            bytes(closed)
        };
        assert_eq!((split(30), split(3)), (300, 0));
    }

    #[test]
    fn a_list_of_numbers_is_one_field() {
        let mut list = UnopenedFields::default();
        let whole = LayerPlace::Whole;
        let body = Route { before: None, layer: "body", place: &whole };
        for (i, byte) in noise(120).iter().enumerate() {
            let place = LayerPlace::at(format!("$.k[{i}]"));
            let route = Route { before: Some(&body), layer: "json", place: &place };
            list.see(&Leaf { value: byte.to_string().as_bytes(), route: &route, weak: false });
        }
        assert!(bytes(list) > 64);
    }

    #[test]
    fn the_messages_in_a_field_of_a_message_were_found_in_it() {
        let mut closed = UnopenedFields::default();
        let whole = LayerPlace::Whole;
        let body = Route { before: None, layer: "body", place: &whole };
        let (outer, inner) = (LayerPlace::at("4"), LayerPlace::at("4.1"));
        for (place, value) in [(&outer, &noise(300)[..]), (&inner, b"what was in it")] {
            let route = Route { before: Some(&body), layer: "protobuf", place };
            closed.see(&Leaf { value, route: &route, weak: false });
        }
        assert_eq!(bytes(closed), 0);
    }
}
