//! Secrets of TLS, as programs log them (`SSLKEYLOGFILE`, RFC 9850).
//!
//! A line is a label, the client's random and a secret, both in hex. Found as
//! a file beside the capture, and within it as a Decryption Secrets Block.

use std::collections::BTreeMap;

/// The secrets that are known, by what the client's random is.
#[derive(Default)]
pub(crate) struct KeyLog {
    secrets: BTreeMap<(SecretLabel, [u8; 32]), Vec<u8>>,
}

/// What a secret is for (RFC 9850 §2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SecretLabel {
    /// The master secret of TLS 1.2.
    ClientRandom,
    ClientEarly,
    ClientHandshake,
    ServerHandshake,
    ClientTraffic,
    ServerTraffic,
}

const LABELS: [(&str, SecretLabel); 6] = [
    ("CLIENT_RANDOM", SecretLabel::ClientRandom),
    ("CLIENT_EARLY_TRAFFIC_SECRET", SecretLabel::ClientEarly),
    ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", SecretLabel::ClientHandshake),
    ("SERVER_HANDSHAKE_TRAFFIC_SECRET", SecretLabel::ServerHandshake),
    ("CLIENT_TRAFFIC_SECRET_0", SecretLabel::ClientTraffic),
    ("SERVER_TRAFFIC_SECRET_0", SecretLabel::ServerTraffic),
];

/// More secrets are not kept.
const MOST: usize = 1 << 18;

impl KeyLog {
    /// Adds the lines of a log; those that are none are passed by.
    pub(crate) fn add(&mut self, text: &[u8]) {
        for line in text.split(|byte| matches!(byte, b'\n' | b'\r')) {
            if self.secrets.len() >= MOST {
                return;
            }
            if let Some((label, random, secret)) = entry(line) {
                self.secrets.entry((label, random)).or_insert(secret);
            }
        }
    }

    pub(super) fn secret(&self, label: SecretLabel, random: &[u8; 32]) -> Option<&[u8]> {
        self.secrets.get(&(label, *random)).map(Vec::as_slice)
    }
}

/// Whether a text is a log of secrets: its first line that is no comment is one.
pub fn is_key_log(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"));
    first.is_some_and(|line| {
        let mut parts = line.split(|byte| *byte == b' ');
        let label = parts.next().unwrap_or_default();
        let is_label =
            !label.is_empty() && label.iter().all(|byte| byte.is_ascii_uppercase() || b"_0123456789".contains(byte));
        is_label
            && parts.next().and_then(hex).is_some_and(|random| matches!(random.len(), 8 | 32))
            && parts.next().and_then(hex).is_some()
    })
}

fn entry(line: &[u8]) -> Option<(SecretLabel, [u8; 32], Vec<u8>)> {
    let mut parts = line.trim_ascii().split(|byte| *byte == b' ').filter(|part| !part.is_empty());
    let word = parts.next()?;
    let (_, label) = LABELS.iter().find(|(name, _)| name.as_bytes() == word)?;
    let random = hex(parts.next()?)?.try_into().ok()?;
    let secret = hex(parts.next()?)?;
    matches!(secret.len(), 32 | 48).then_some((*label, random, secret))
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    /// Twice the longest secret.
    const LONGEST: usize = 256;
    if text.is_empty() || !text.len().is_multiple_of(2) || text.len() > LONGEST {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    text.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_label_a_random_and_a_secret() {
        let (random, secret) = ("ab".repeat(32), "cd".repeat(48));
        let mut log = KeyLog::default();
        log.add(
            format!(
                "# comment\r\nCLIENT_RANDOM {random} {secret}\r\nEXPORTER_SECRET {random} {secret}\nCLIENT_RANDOM ab\n"
            )
            .as_bytes(),
        );
        assert_eq!(log.secret(SecretLabel::ClientRandom, &[0xab; 32]), Some(&[0xcd; 48][..]));
        assert_eq!(log.secrets.len(), 1);
    }

    #[test]
    fn a_log_is_told_from_other_texts() {
        let line = format!("CLIENT_TRAFFIC_SECRET_0 {} {}\n", "0a".repeat(32), "0b".repeat(32));
        assert!(is_key_log(line.as_bytes()));
        assert!(is_key_log(format!("# SSL/TLS secrets log file\n\n{line}").as_bytes()));
        for other in ["", "# only a comment", "A B C", "{\"log\":{}}", "CLIENT_RANDOM xyz abc"] {
            assert!(!is_key_log(other.as_bytes()), "{other}");
        }
    }
}
