//! The TLS ClientHello (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2), parsed from raw
//! bytes before rustls gets them.
//!
//! rustls does not expose the order of extensions or unknown extensions, and it
//! refuses server names that are not valid (`host:port`). All of these help to
//! identify a client, so they are parsed here. The whole message is kept as
//! evidence; the JA4 string is for comparisons.

use std::sync::Arc;

use model::ClientHello;
use sha2::{Digest, Sha256};

/// The largest ClientHello that is accepted: four times the size that browsers
/// send with post-quantum keys, and room for a long session ticket.
const LONGEST: usize = 64 * 1024;

const HANDSHAKE_RECORD: u8 = 22;
const CLIENT_HELLO: u8 = 1;

/// The result of looking for a ClientHello in the first bytes of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HelloPeek {
    /// More bytes are needed.
    Partial,
    /// The complete message with its handshake header, joined from its TLS
    /// records.
    Whole(Vec<u8>),
    /// Not TLS, or not a ClientHello.
    Other,
}

/// Joins a ClientHello that may be split over several TLS records.
pub(crate) fn peek(mut bytes: &[u8]) -> HelloPeek {
    let mut message = Vec::new();
    loop {
        match bytes {
            [] | [HANDSHAKE_RECORD] | [HANDSHAKE_RECORD, 3] => return HelloPeek::Partial,
            [HANDSHAKE_RECORD, 3, ..] => {}
            _ => return HelloPeek::Other,
        }
        let Some((header, rest)) = bytes.split_at_checked(5) else { return HelloPeek::Partial };
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        if length == 0 {
            return HelloPeek::Other;
        }
        let here = &rest[..length.min(rest.len())];
        message.extend_from_slice(here);
        match whole(&message) {
            HelloPeek::Partial if rest.len() < length => return HelloPeek::Partial,
            HelloPeek::Partial => bytes = &rest[length..],
            known => return known,
        }
    }
}

fn whole(message: &[u8]) -> HelloPeek {
    match message {
        [CLIENT_HELLO, a, b, c, body @ ..] => {
            let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
            match body.len() {
                _ if length > LONGEST => HelloPeek::Other,
                have if have < length => HelloPeek::Partial,
                _ => HelloPeek::Whole(message[..4 + length].to_vec()),
            }
        }
        [] | [CLIENT_HELLO, ..] => HelloPeek::Partial,
        _ => HelloPeek::Other,
    }
}

/// Parses a complete ClientHello message, as far as it is valid.
pub(crate) fn read(message: Vec<u8>) -> ClientHello {
    let fields = HelloFields::of(message.get(4..).unwrap_or_default());
    ClientHello { ja4: fields.ja4(), sni: fields.sni, alpn: fields.alpn, raw: Arc::from(message) }
}

/// The fields that JA4 and the record need.
#[derive(Default)]
struct HelloFields {
    version: u16,
    ciphers: Vec<u16>,
    extensions: Vec<u16>,
    signatures: Vec<u16>,
    sni: Option<String>,
    alpn: Vec<String>,
    /// The first and the last byte of the first ALPN protocol.
    alpn_ends: Option<(u8, u8)>,
}

impl HelloFields {
    fn of(body: &[u8]) -> Self {
        let mut fields = Self::default();
        // A ClientHello that is cut off gives the fields before the cut.
        let _ = fields.read(&mut HelloReader(body));
        fields
    }

    fn read(&mut self, hello: &mut HelloReader<'_>) -> Option<()> {
        self.version = hello.u16()?;
        hello.take(32)?; // random
        hello.short()?; // session id
        self.ciphers = hello.long()?.u16s();
        hello.short()?; // compression methods
        let mut extensions = hello.long()?;
        while let Some(number) = extensions.u16() {
            self.extensions.push(number);
            let mut body = extensions.long()?;
            self.extension(number, &mut body);
        }
        Some(())
    }

    fn extension(&mut self, number: u16, body: &mut HelloReader<'_>) -> Option<()> {
        match number {
            0 => {
                let mut names = body.long()?;
                let kind = names.take(1)?;
                let name = names.long()?;
                self.sni = (kind == [0]).then(|| String::from_utf8_lossy(name.0).into_owned());
            }
            13 => self.signatures = body.long()?.u16s(),
            16 => {
                let mut names = body.long()?;
                while let Some(name) = names.short() {
                    let ends = name.0.first().copied().zip(name.0.last().copied());
                    self.alpn_ends = self.alpn_ends.or(ends);
                    self.alpn.push(String::from_utf8_lossy(name.0).into_owned());
                }
            }
            43 => self.version = body.short()?.u16s().into_iter().filter(is_real).max().unwrap_or(self.version),
            _ => {}
        }
        Some(())
    }

    /// The JA4 fingerprint as FoxIO specifies it, but without GREASE values
    /// (RFC 8701) among the signature algorithms: Chromium puts a random one
    /// there, so the string would be different for each connection.
    fn ja4(&self) -> String {
        let ciphers: Vec<u16> = self.ciphers.iter().copied().filter(is_real).collect();
        let extensions: Vec<u16> = self.extensions.iter().copied().filter(is_real).collect();
        let mut sorted_ciphers = ciphers.clone();
        sorted_ciphers.sort_unstable();
        let mut sorted: Vec<u16> = extensions.iter().copied().filter(|number| !matches!(number, 0 | 16)).collect();
        sorted.sort_unstable();
        let mut last = hex_list(&sorted);
        if !self.signatures.is_empty() {
            last.push('_');
            last.push_str(&hex_list(&self.signatures.iter().copied().filter(is_real).collect::<Vec<_>>()));
        }
        format!(
            "t{}{}{:02}{:02}{}_{}_{}",
            version_word(self.version),
            if self.extensions.contains(&0) { 'd' } else { 'i' },
            ciphers.len().min(99),
            extensions.len().min(99),
            alpn_word(self.alpn_ends),
            short_digest(&hex_list(&sorted_ciphers), sorted_ciphers.is_empty()),
            short_digest(&last, sorted.is_empty()),
        )
    }
}

/// Whether a value is not GREASE: 0x0a0a, 0x1a1a … 0xfafa.
fn is_real(number: &u16) -> bool {
    number & 0x0f0f != 0x0a0a || number >> 8 != number & 0xff
}

fn version_word(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    }
}

fn alpn_word(ends: Option<(u8, u8)>) -> String {
    match ends {
        None => "00".into(),
        Some((first, last)) if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => {
            [char::from(first), char::from(last)].iter().collect()
        }
        Some((first, last)) => format!("{:x}{:x}", first >> 4, last & 15),
    }
}

fn hex_list(numbers: &[u16]) -> String {
    let words: Vec<String> = numbers.iter().map(|number| format!("{number:04x}")).collect();
    words.join(",")
}

fn short_digest(text: &str, empty: bool) -> String {
    if empty {
        return "0".repeat(12);
    }
    Sha256::digest(text.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads exactly as many bytes as a length field says.
struct HelloReader<'a>(&'a [u8]);

impl<'a> HelloReader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|two| u16::from_be_bytes([two[0], two[1]]))
    }

    /// Reads a vector with a one-byte length.
    fn short(&mut self) -> Option<HelloReader<'a>> {
        let length = self.take(1)?[0];
        self.take(length.into()).map(HelloReader)
    }

    /// Reads a vector with a two-byte length.
    fn long(&mut self) -> Option<HelloReader<'a>> {
        let length = self.u16()?;
        self.take(length.into()).map(HelloReader)
    }

    fn u16s(mut self) -> Vec<u16> {
        std::iter::from_fn(|| self.u16()).collect()
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    /// Recorded ClientHellos of third-party programs: the JA4 of each, its SNI,
    /// and its body without the handshake header.
    fn recorded() -> Vec<(String, Option<String>, Vec<u8>)> {
        let text = include_str!("../../tests/data/clienthellos.json");
        let all: serde_json::Value = serde_json::from_str(text).unwrap();
        let entry = |one: &serde_json::Value| {
            let body = STANDARD.decode(one["clienthello_b64"].as_str().unwrap()).unwrap();
            let length = (body.len() as u32).to_be_bytes();
            let message = [&[CLIENT_HELLO], &length[1..], &body].concat();
            (one["ja4"].as_str().unwrap().into(), one["sni"].as_str().map(Into::into), message)
        };
        all.as_array().unwrap().iter().map(entry).collect()
    }

    fn record(part: &[u8]) -> Vec<u8> {
        [&[HANDSHAKE_RECORD, 3, 1], &(part.len() as u16).to_be_bytes()[..], part].concat()
    }

    #[test]
    fn recorded_clients_have_the_ja4_that_others_computed() {
        let all = recorded();
        assert!(all.len() >= 8);
        for (ja4, sni, message) in all {
            let hello = read(message);
            assert_eq!((hello.ja4, hello.sni), (ja4, sni));
        }
    }

    #[test]
    fn a_hello_is_joined_over_records_and_segments() {
        let (_, _, message) = recorded().swap_remove(0);
        let wire: Vec<u8> = message.chunks(700).flat_map(record).chain(*b"more").collect();
        let end = wire.len() - 4;
        assert!((0..end).all(|cut| peek(&wire[..cut]) == HelloPeek::Partial));
        assert_eq!(peek(&wire[..end]), HelloPeek::Whole(message.clone()));
        assert_eq!(peek(&wire), HelloPeek::Whole(message));
    }

    #[test]
    fn what_is_no_hello_is_known_at_once() {
        assert_eq!(peek(b"G"), HelloPeek::Other);
        assert_eq!(peek(&[22, 3, 1, 0, 4, 2, 0, 0, 0]), HelloPeek::Other);
        assert_eq!(peek(&[22, 3, 1, 0, 0]), HelloPeek::Other);
        assert_eq!(peek(&[22, 3, 1, 0, 4, 1, 255, 255, 255]), HelloPeek::Other);
    }

    #[test]
    fn a_name_with_a_port_is_read_although_it_is_none() {
        let name = b"a.example:443";
        let sni = [&[0, 0, 0, 18, 0, 16, 0, 0, 13][..], name].concat();
        let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0, 0, sni.len() as u8], &sni].concat();
        let message = [&[CLIENT_HELLO, 0, 0, body.len() as u8][..], &body].concat();
        assert_eq!(read(message).sni.as_deref(), Some("a.example:443"));
    }

    #[test]
    fn a_cut_hello_gives_what_it_has() {
        let (_, _, message) = recorded().swap_remove(0);
        for cut in 0..message.len() {
            read(message[..cut].to_vec());
        }
    }
}
