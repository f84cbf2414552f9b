//! Personal data by its shape, where nothing was planted and no schema knows.
//!
//! Shapes deceive: many numbers pass Luhn's test, and a version looks like an
//! address of the net. So this comes last, is off unless asked for, and is weak
//! wherever neither a check digit nor the field's own name speaks for it.

use std::net::IpAddr;

use knowledge::schemas::last_key;
use memchr::memchr;
use model::{Guise, How, Kind, Leaf, Place};

use crate::found::{Found, Of, shown};

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    kind: &'static str,
    /// Only its shape speaks for it.
    weak: bool,
}

/// Bytes of the longest value that one identifier could be.
const LONGEST: usize = 64;

pub(crate) fn at(leaf: &Leaf<'_>, exchange: u64, found: &mut Found) {
    let name = match leaf.route.place {
        Place::At(name) => last_key(name),
        Place::Whole => "",
    };
    let Ok(text) = std::str::from_utf8(leaf.value) else { return };
    let mut add = |shape: Shape, text: &str| {
        let kind = Kind::new(shape.kind);
        let of = Of { canary: None, kind: &kind, guise: Guise::Plain, how: How::Pattern, weak: shape.weak };
        found.add(exchange, leaf, of, || shown(text.as_bytes()));
    };
    if let Some(email) = email(text) {
        add(Shape { kind: "email", weak: false }, email);
    }
    if let Some(shape) = whole(text.trim(), name) {
        add(shape, text);
    }
}

/// What a whole field is.
fn whole(text: &str, name: &str) -> Option<Shape> {
    if text.len() < 2 || text.len() > LONGEST {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let sure = |kind| Some(Shape { kind, weak: false });
    let weak = |kind| Some(Shape { kind, weak: true });
    if is_imei(text) {
        return if name.contains("imei") || name.contains("meid") { sure("device-id") } else { weak("device-id") };
    }
    if is_iban(text) {
        return sure("bank-account");
    }
    if is_mac(text) {
        return weak("device-id");
    }
    if is_uuid(text) && is_advertising(&name) {
        return sure("advertising-id");
    }
    if is_pair(text) || (is_coordinate_name(&name) && is_coordinate(text)) {
        return weak("location");
    }
    if is_phone(text) {
        return weak("phone");
    }
    is_public_ip(text).then_some(Shape { kind: "ip-address", weak: true })
}

/// The first e-mail address in a text (RFC 5322 §3.4.1, as far as people use
/// it).
fn email(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(further) = memchr(b'@', &bytes[from..]) {
        let at = from + further;
        from = at + 1;
        let is_local = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
        let is_domain = |byte: &&u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
        let start = at - bytes[..at].iter().rev().take_while(is_local).count();
        let end = from + bytes[from..].iter().take_while(is_domain).count();
        let domain = text.get(from..end).unwrap_or_default().trim_end_matches(['.', '-']);
        let top = domain.rsplit_once('.').map_or("", |(_, top)| top);
        let is_top = top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
        // `image@2x.png` is the name of a picture.
        let is_file = ["png", "jpg", "gif", "svg", "webp", "js", "css"].contains(&top.to_ascii_lowercase().as_str());
        if start < at && is_top && !is_file {
            return text.get(start..from + domain.len());
        }
    }
    None
}

/// 15 digits whose last is Luhn's check digit (3GPP TS 23.003, annex B).
fn is_imei(text: &str) -> bool {
    let digits = text.as_bytes();
    if digits.len() != 15 || !digits.iter().all(u8::is_ascii_digit) || digits.iter().all(|digit| *digit == digits[0]) {
        return false;
    }
    let value = |(i, digit): (usize, &u8)| {
        let digit = u32::from(digit - b'0');
        match i % 2 {
            0 => digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        }
    };
    digits.iter().enumerate().map(value).sum::<u32>().is_multiple_of(10)
}

/// ISO 13616: country, check digits, account; the whole is 1 modulo 97.
fn is_iban(text: &str) -> bool {
    let plain: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let [a, b, c, d, rest @ ..] = plain.as_slice() else { return false };
    let is_head = a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit();
    let is_account = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    if !is_head || !(11..=30).contains(&rest.len()) || !rest.iter().all(is_account) {
        return false;
    }
    let remainder = rest.iter().chain([a, b, c, d]).fold(0u32, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        letter => (remainder * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    remainder == 1
}

/// Six pairs of hex digits (IEEE 802, clause 8.1).
fn is_mac(text: &str) -> bool {
    let bytes = text.as_bytes();
    let [_, _, separator @ (b':' | b'-'), ..] = bytes else { return false };
    let fits = |(i, byte): (usize, &u8)| if i % 3 == 2 { byte == separator } else { byte.is_ascii_hexdigit() };
    bytes.len() == 17
        && bytes.iter().enumerate().all(fits)
        && !["00:00:00:00:00:00", "02:00:00:00:00:00"].contains(&text)
}

fn is_uuid(text: &str) -> bool {
    let fits =
        |(i, byte): (usize, u8)| if [8, 13, 18, 23].contains(&i) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    text.len() == 36 && text.bytes().enumerate().all(fits) && text.bytes().any(|byte| !b"0-".contains(&byte))
}

fn is_advertising(name: &str) -> bool {
    ["gaid", "idfa", "aaid", "oaid", "adid", "advertis", "ad_id", "ifa", "aifa", "maid"]
        .iter()
        .any(|word| name.contains(word))
}

fn is_coordinate_name(name: &str) -> bool {
    ["lat", "lng", "lon", "long"].contains(&name) || name.contains("latitude") || name.contains("longitude")
}

/// Degrees to about ten metres or closer.
fn is_coordinate(text: &str) -> bool {
    let Some((_, decimals)) = text.split_once('.') else { return false };
    decimals.len() >= 4 && text.parse::<f64>().is_ok_and(|degrees| degrees.abs() <= 180.0 && degrees != 0.0)
}

/// Latitude and longitude in one value.
fn is_pair(text: &str) -> bool {
    let Some((latitude, longitude)) = text.split_once([',', ';']) else { return false };
    let (latitude, longitude) = (latitude.trim(), longitude.trim());
    is_coordinate(latitude)
        && is_coordinate(longitude)
        && latitude.parse::<f64>().is_ok_and(|degrees| degrees.abs() <= 90.0)
}

/// ITU-T E.164 with its plus sign.
fn is_phone(text: &str) -> bool {
    let Some(number) = text.strip_prefix('+') else { return false };
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    (9..=15).contains(&digits)
        && !number.starts_with('0')
        && number.bytes().all(|byte| byte.is_ascii_digit() || b" -()/".contains(&byte))
}

fn is_public_ip(text: &str) -> bool {
    match text.parse::<IpAddr>() {
        // A version of four parts mostly ends in noughts.
        Ok(IpAddr::V4(ip)) => !ip.is_loopback() && !ip.is_unspecified() && !ip.is_broadcast() && ip.octets()[3] != 0,
        Ok(IpAddr::V6(ip)) => !ip.is_loopback() && !ip.is_unspecified() && text.len() > 6,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str, name: &str) -> Option<(&'static str, bool)> {
        whole(text, name).map(|shape| (shape.kind, shape.weak))
    }

    #[test]
    fn a_field_is_known_by_its_shape_and_its_name() {
        for (text, name, is) in [
            ("352387871605635", "imei", ("device-id", false)),
            ("352387871605635", "x", ("device-id", true)),
            ("DE89 3704 0044 0532 0130 00", "x", ("bank-account", false)),
            ("a0:b1:c2:d3:e4:f5", "x", ("device-id", true)),
            ("38400000-8cf0-11bd-b23e-10b96e40000d", "gps_adid", ("advertising-id", false)),
            ("52.520008, 13.404954", "x", ("location", true)),
            ("52.520008", "lat", ("location", true)),
            ("+49 151 94636692", "x", ("phone", true)),
            ("203.0.113.7", "x", ("ip-address", true)),
            ("2001:db8::17", "x", ("ip-address", true)),
        ] {
            assert_eq!(kind(text, name), Some(is), "{text} in {name}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_left_alone() {
        for (text, name) in [
            ("352387871605636", "imei"),
            ("000000000000000", "imei"),
            ("DE88 3704 0044 0532 0130 00", "x"),
            ("02:00:00:00:00:00", "x"),
            ("38400000-8cf0-11bd-b23e-10b96e40000d", "event_id"),
            ("00000000-0000-0000-0000-000000000000", "gps_adid"),
            ("1.5,2.5", "x"),
            ("52.520008", "score"),
            ("+1", "x"),
            ("131.0.0.0", "x"),
            ("127.0.0.1", "x"),
            ("12:30", "x"),
            ("", "x"),
        ] {
            assert_eq!(kind(text, name), None, "{text} in {name}");
        }
    }

    #[test]
    fn an_email_address_is_found_inside_a_text() {
        assert_eq!(email("mail to Zoe.Fink60+x@sallo-post.example, please"), Some("Zoe.Fink60+x@sallo-post.example"));
        assert_eq!(email("zoe@example.com."), Some("zoe@example.com"));
        for text in ["icon@2x.png", "@media", "a@b", "npm @scope/name@1.2.3", "user@localhost"] {
            assert_eq!(email(text), None, "{text}");
        }
    }
}
