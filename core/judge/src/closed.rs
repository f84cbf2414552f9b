//! What stayed closed: bytes that nothing opened and that look like noise.
//!
//! Encryption inside TLS, formats that nobody here knows. A value counts as
//! opened as soon as something was found inside it.

use model::Leaf;

/// Fewer bytes are a digest, a key or a token, and carry no report.
const LEAST: usize = 64;

/// Takes the values of one exchange in the order in which they are visited,
/// outside in, and knows at the end how many bytes stayed closed.
#[derive(Clone, Debug, Default)]
pub struct Closed {
    bytes: u64,
    /// Depth and length of the value last met, as long as nothing was found in it.
    waiting: Option<(usize, usize)>,
}

impl Closed {
    /// The next value.
    pub fn see(&mut self, leaf: &Leaf<'_>) {
        if leaf.weak {
            return; // a guess opens nothing
        }
        let depth = leaf.route.depth();
        if let Some((outer, length)) = self.waiting.take()
            && depth <= outer
        {
            self.bytes += length as u64;
        }
        if is_noise(leaf.value) {
            self.waiting = Some((depth, leaf.value.len()));
        }
    }

    /// Bytes that stayed closed.
    pub fn bytes(&self) -> u64 {
        self.bytes + self.waiting.map_or(0, |(_, length)| length as u64)
    }
}

/// Bytes that are no text and of which nearly as many are different as in noise.
fn is_noise(value: &[u8]) -> bool {
    if value.len() < LEAST || std::str::from_utf8(value).is_ok() {
        return false;
    }
    let head = &value[..value.len().min(1 << 12)];
    let mut seen = [false; 256];
    head.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    let different = seen.iter().filter(|seen| **seen).count() as f64;
    let expected = 256.0 * (1.0 - (1.0_f64 - 1.0 / 256.0).powi(head.len() as i32));
    different >= 0.85 * expected
}

#[cfg(test)]
mod tests {
    use model::{Place, Route};

    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 7_u64;
        let next = |state: &mut u64| {
            *state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (*state >> 56) as u8
        };
        (0..length).map(|_| next(&mut state)).collect()
    }

    fn closed(values: &[(usize, &[u8])]) -> u64 {
        let mut closed = Closed::default();
        let whole = Place::Whole;
        let outer = Route { before: None, layer: "body", place: &whole };
        let inner = Route { before: Some(&outer), layer: "gzip", place: &whole };
        for (depth, value) in values {
            let route = if *depth == 1 { &outer } else { &inner };
            closed.see(&Leaf { value, route, weak: false });
        }
        closed.bytes()
    }

    #[test]
    fn noise_in_which_nothing_is_found_stays_closed() {
        assert_eq!(closed(&[(1, &noise(300))]), 300);
        assert_eq!(closed(&[(1, &noise(300)), (1, b"next=part")]), 300);
    }

    #[test]
    fn noise_in_which_something_is_found_was_open() {
        assert_eq!(closed(&[(1, &noise(300)), (2, b"what was in it")]), 0);
    }

    #[test]
    fn text_short_values_and_plain_bytes_are_no_noise() {
        assert_eq!(closed(&[(1, "a plain text, longer than the shortest that could be noise at all".as_bytes())]), 0);
        assert_eq!(closed(&[(1, &noise(40))]), 0);
        assert_eq!(closed(&[(1, &[0xff, 0, 0, 0].repeat(64))]), 0);
    }
}
