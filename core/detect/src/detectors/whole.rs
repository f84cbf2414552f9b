//! Short numbers that a whole field holds: the beginning of a digest, a hash of
//! four or eight bytes.
//!
//! They are written as bytes in either order, in hex, base64 or decimal. Inside
//! longer values they are not looked for: four bytes match something sooner or
//! later.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

/// A field's whole value read as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldNumber {
    Four([u8; 4]),
    Eight([u8; 8]),
}

/// Tells every number that the whole value may be.
pub(super) fn each(value: &[u8], mut tell: impl FnMut(FieldNumber)) {
    match value.len() {
        4 => both_ways(FieldNumber::four(value), &mut tell),
        6..=20 => {}
        _ => return,
    }
    if value.len() == 8 && !is_text(value) {
        both_ways(FieldNumber::eight(value), &mut tell);
    }
    decimal(value, &mut tell);
    let mut bytes = [0; 9];
    let length = match value.len() {
        8 | 16 if value.iter().all(u8::is_ascii_hexdigit) => {
            HEXLOWER_PERMISSIVE.decode_mut(value, &mut bytes[..value.len() / 2]).unwrap_or(0)
        }
        6 | 11 => {
            let encoding = if value.iter().any(|byte| b"-_".contains(byte)) { BASE64URL_NOPAD } else { BASE64_NOPAD };
            encoding.decode_mut(value, &mut bytes[..value.len() * 3 / 4]).unwrap_or(0)
        }
        8 | 12 if value.ends_with(b"=") => {
            let encoding = if value.iter().any(|byte| b"-_".contains(byte)) { BASE64URL } else { BASE64 };
            encoding.decode_mut(value, &mut bytes[..value.len() / 4 * 3]).unwrap_or(0)
        }
        _ => 0,
    };
    match length {
        4 => tell(FieldNumber::Four([bytes[0], bytes[1], bytes[2], bytes[3]])),
        8 => tell(FieldNumber::eight(&bytes[..8])),
        _ => {}
    }
}

impl FieldNumber {
    fn four(value: &[u8]) -> Self {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(value);
        Self::Four(bytes)
    }

    fn eight(value: &[u8]) -> Self {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(value);
        Self::Eight(bytes)
    }

    fn reversed(self) -> Self {
        match self {
            Self::Four([a, b, c, d]) => Self::Four([d, c, b, a]),
            Self::Eight([a, b, c, d, e, f, g, h]) => Self::Eight([h, g, f, e, d, c, b, a]),
        }
    }
}

fn both_ways(number: FieldNumber, tell: &mut impl FnMut(FieldNumber)) {
    tell(number);
    if number.reversed() != number {
        tell(number.reversed());
    }
}

/// A decimal number of seven digits and more; smaller ones are counts and
/// years.
fn decimal(value: &[u8], tell: &mut impl FnMut(FieldNumber)) {
    const FEWEST: usize = 7;
    let (negative, digits) = match value {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.len() < FEWEST || digits[0] == b'0' {
        return;
    }
    let mut number = 0u64;
    for digit in digits {
        let Some(next) = digit.is_ascii_digit().then(|| u64::from(digit - b'0')) else { return };
        let Some(sum) = number.checked_mul(10).and_then(|tens| tens.checked_add(next)) else { return };
        number = sum;
    }
    let signed = if negative { number.wrapping_neg() } else { number };
    match u32::try_from(number) {
        Ok(number) => {
            let signed = if negative { number.wrapping_neg() } else { number };
            tell(FieldNumber::Four(signed.to_be_bytes()));
        }
        // What is longer than a time in microseconds.
        Err(_) if digits.len() > 16 => both_ways(FieldNumber::Eight(signed.to_be_bytes()), tell),
        Err(_) => {}
    }
}

/// Eight random bytes are hardly ever all printable.
fn is_text(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &[u8]) -> Vec<FieldNumber> {
        let mut all = Vec::new();
        each(value, |number| all.push(number));
        all
    }

    #[test]
    fn a_number_is_read_however_it_is_written() {
        let four = FieldNumber::Four([0xcb, 0xf4, 0x39, 0x26]);
        for value in ["cbf43926", "CBF43926", "y/Q5Jg==", "y_Q5Jg", "3421780262", "-873187034"] {
            assert!(told(value.as_bytes()).contains(&four), "{value}");
        }
        assert!(told(&[0xcb, 0xf4, 0x39, 0x26]).contains(&four) && told(&[0x26, 0x39, 0xf4, 0xcb]).contains(&four));
        let eight = FieldNumber::Eight([0xef, 0x46, 0xdb, 0x37, 0x51, 0xd8, 0xe9, 0x99]);
        for value in ["ef46db3751d8e999", "70bbN1HY6Zk=", "70bbN1HY6Zk", "17241709254077376921", "-1205034819632174695"]
        {
            assert!(told(value.as_bytes()).contains(&eight), "{value}");
        }
    }

    #[test]
    fn ordinary_fields_are_no_numbers() {
        for value in ["", "2024", "1588600000000", "page_view", "true", "01234567", "a longer text than any number is"]
        {
            assert_eq!(
                told(value.as_bytes()).iter().filter(|n| matches!(n, FieldNumber::Eight(_))).count(),
                0,
                "{value}"
            );
        }
    }

    #[test]
    fn any_length_is_survived() {
        for length in 0..40 {
            told(&b"9".repeat(length));
            told(&b"A".repeat(length));
            told(&b"=".repeat(length));
            told(&vec![0xff; length]);
        }
    }
}
