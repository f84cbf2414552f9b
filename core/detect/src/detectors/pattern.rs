//! Personal data by its shape, where nothing was planted and no schema knows.
//!
//! Shapes deceive: many numbers pass Luhn's test, and a version looks like an
//! address of the net. So this comes last, is off unless asked for, and is weak
//! wherever neither a check digit nor the field's own name speaks for it.

use std::net::IpAddr;

use knowledge::schemas::last_key;
use memchr::memchr;
use model::{Guise, Kind, LayerPlace, Leaf, RecognitionMethod};

use crate::matches::{ExchangeMatches, MatchKind, shown};

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PatternShape {
    kind: &'static str,
    /// Only its shape speaks for it.
    weak: bool,
}

/// Bytes of the longest value that one identifier could be.
const LONGEST: usize = 64;

pub(crate) fn at(leaf: &Leaf<'_>, exchange: u64, found: &mut ExchangeMatches) {
    let name = match leaf.route.place {
        LayerPlace::At(name) => last_key(name),
        LayerPlace::Whole => "",
    };
    let Ok(text) = std::str::from_utf8(leaf.value) else { return };
    let mut add = |shape: PatternShape, text: &str| {
        let kind = Kind::new(shape.kind);
        let of = MatchKind {
            canary: None,
            kind: &kind,
            guise: Guise::Plain,
            how: RecognitionMethod::Pattern,
            weak: shape.weak,
        };
        found.add(exchange, leaf, of, || shown(text.as_bytes()));
    };
    // Where a request goes says nothing of who sends it.
    if leaf.route.root().layer == "header"
        && matches!(leaf.route.root().place, LayerPlace::At(name) if is_of_route(name))
    {
        return;
    }
    if let Some(email) = email(text) {
        add(PatternShape { kind: "email", weak: false }, email);
    }
    if let Some(shape) = whole(text.trim(), name) {
        add(shape, text);
    }
}

/// Headers that name servers.
fn is_of_route(name: &str) -> bool {
    matches!(name, "host" | ":authority" | "alt-used" | "via" | "sec-websocket-key")
}

/// What a whole field is.
fn whole(text: &str, name: &str) -> Option<PatternShape> {
    if text.len() < 2 || text.len() > LONGEST {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let sure = |kind| Some(PatternShape { kind, weak: false });
    let weak = |kind| Some(PatternShape { kind, weak: true });
    if is_imei(text) {
        return match () {
            () if name.contains("imei") || name.contains("meid") => sure("device-id"),
            () if is_reported(text) && !is_number_of_something(&name) => weak("device-id"),
            () => None,
        };
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
    if is_phone_name(&name) && is_dialled(text) {
        return sure("phone");
    }
    is_address(text, &name).then_some(PatternShape { kind: "ip-address", weak: true })
}

/// Whether the number begins as the bodies that give out IMEIs do (GSMA TS.06);
/// one in ten of all numbers passes Luhn's test.
fn is_reported(text: &str) -> bool {
    ["01", "35", "86", "98", "99"].iter().any(|body| text.starts_with(body))
}

/// Whether a field's name says that it numbers something of the site.
fn is_number_of_something(name: &str) -> bool {
    const NUMBERED: [&str; 22] = [
        "id", "pid", "tid", "aid", "cid", "sid", "uid", "oid", "ad", "ev", "fbid", "ref", "order", "ean", "isbn",
        "price", "ts", "time", "t", "cb", "rnd", "ord",
    ];
    let telling = ["device", "hardware", "serial", "udid", "phone"];
    let numbers = NUMBERED.contains(&name)
        || ["_id", "-id", "id]", "time", "stamp", "pixel", "order"].iter().any(|end| name.ends_with(end));
    numbers && !telling.iter().any(|word| name.contains(word))
}

/// Whether a field is called a phone number.
fn is_phone_name(name: &str) -> bool {
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == ']');
    let whole = [
        "mobile",
        "phone",
        "tel",
        "telephone",
        "msisdn",
        "cellphone",
        "cell",
        "mobil",
        "handy",
        "telefon",
        "telefono",
        "phonenumber",
    ];
    let ends = [
        "phone",
        "mobile",
        "phone_number",
        "phone-number",
        "phonenumber",
        "mobile_number",
        "mobilenumber",
        "phone_no",
        "phoneno",
        "mobile_no",
        "mobileno",
        "msisdn",
        "_tel",
        "telephone",
        "手机号",
        "手机",
    ];
    whole.contains(&name) || ends.iter().any(|end| name.ends_with(end))
}

/// A number as people dial it: digits, and what parts them. Thirteen that begin
/// with a one are a time.
fn is_dialled(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_time = digits == 13 && text.starts_with('1');
    let dialled = text.bytes().all(|byte| byte.is_ascii_digit() || b" -()/+.".contains(&byte));
    let varied = text.bytes().any(|byte| byte.is_ascii_digit() && byte != text.as_bytes()[0]);
    (8..=15).contains(&digits) && dialled && varied && !is_time
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
        // In a list that is parted by signs every one has neighbours of its sort.
        let is_list = bytes.get(end) == Some(&b'@') || start.checked_sub(1).is_some_and(|before| bytes[before] == b'@');
        if start < at && !is_list && is_mail_domain(domain) {
            return text.get(start..from + domain.len());
        }
    }
    None
}

/// A name below a top level that exists (or is reserved for examples, RFC 2606)
/// and that people have mail at: `image@2x.png` is a picture, `name@0.next` a list.
fn is_mail_domain(domain: &str) -> bool {
    let Some((below, top)) = domain.rsplit_once('.') else { return false };
    let label = below.rsplit_once('.').map_or(below, |(_, label)| label);
    let first = domain.split('.').next().unwrap_or_default();
    let is_number = |label: &str| label.len() < 3 && label.bytes().all(|byte| byte.is_ascii_digit());
    let reserved = ["example", "test", "invalid"].iter().any(|name| top.eq_ignore_ascii_case(name));
    let exists = || psl::suffix(domain.to_ascii_lowercase().as_bytes()).is_some_and(|suffix| suffix.is_known());
    !label.is_empty() && !is_number(first) && !is_number(label) && top.len() >= 2 && (reserved || exists())
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

/// An address of the net that may be the user's. Versions have four parts, too:
/// small ones, mostly, and in fields that are called so.
fn is_address(text: &str, name: &str) -> bool {
    const VERSIONS: [&str; 9] = ["ver", "build", "sdk", "release", "rev", "kernel", "firmware", "engine", "agent"];
    const ADDRESSES: [&str; 6] = ["ip", "addr", "client", "remote", "forwarded", "wan"];
    let is_named =
        ADDRESSES.iter().any(|word| name.contains(word)) && !name.contains("zip") && !name.contains("script");
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            let [a, b, c, d] = ip.octets();
            let is_version =
                VERSIONS.iter().any(|word| name.contains(word)) || ["v", "av", "os", "app"].contains(&name);
            let speaks = is_named || (!ip.is_private() && a >= 11 && [b, c, d].iter().any(|part| *part >= 20));
            let usable = !ip.is_loopback() && !ip.is_unspecified() && !ip.is_broadcast() && !ip.is_link_local();
            usable && d != 0 && a < 224 && speaks && !is_version
        }
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
            ("192.168.50.1", "local_ip", ("ip-address", true)),
            ("13800138000", "mobile", ("phone", false)),
            ("0151 94636692", "contact_phone", ("phone", false)),
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
            ("1.2.3.4", "x"),
            ("192.168.50.1", "x"),
            ("131.0.67.86", "app_version"),
            ("812345000000817", "id"),
            ("812345000000817", "x"),
            ("352387871605635", "order_id"),
            ("1700000000000", "phone"),
            ("00000000", "mobile"),
            ("13800138000", "total"),
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
        for text in [
            "alpha@0.bravo@1.charlie",
            "alpha@0.bravo",
            "name@value.field@other.thing",
            "icon@2x.png",
            "@media",
            "a@b",
            "npm @scope/name@1.2.3",
            "user@localhost",
        ] {
            assert_eq!(email(text), None, "{text}");
        }
    }
}
