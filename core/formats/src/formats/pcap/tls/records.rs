//! The record layer (RFC 8446 §5.1).

/// One record as it stands in a stream.
pub(super) struct TlsRecord<'s> {
    pub(super) content: u8,
    pub(super) version: (u8, u8),
    pub(super) body: &'s [u8],
    /// Where it begins.
    pub(super) offset: usize,
}

/// The records of a stream, up to one that is not whole, or none.
pub(super) struct TlsRecords<'s> {
    bytes: &'s [u8],
    at: usize,
}

impl<'s> TlsRecords<'s> {
    pub(super) fn new(bytes: &'s [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes behind the last record that is whole.
    pub(super) fn left_over(bytes: &[u8]) -> u64 {
        let mut records = TlsRecords::new(bytes);
        records.by_ref().for_each(drop);
        (bytes.len() - records.at) as u64
    }
}

impl<'s> Iterator for TlsRecords<'s> {
    type Item = TlsRecord<'s>;

    fn next(&mut self) -> Option<TlsRecord<'s>> {
        /// 2^14, and what encryption of TLS 1.2 may add.
        const LONGEST: usize = (1 << 14) + 2048;
        let head = self.bytes.get(self.at..self.at + 5)?;
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        if !super::is_tls(head) || length > LONGEST {
            return None;
        }
        let body = self.bytes.get(self.at + 5..self.at + 5 + length)?;
        let record = TlsRecord { content: head[0], version: (head[1], head[2]), body, offset: self.at };
        self.at += 5 + length;
        Some(record)
    }
}

/// The handshake messages that stand in clear at the beginning of a stream,
/// each with its kind; at most `most`.
pub(super) fn messages(bytes: &[u8], most: usize) -> Vec<(u8, Vec<u8>)> {
    /// A hello with keys for after quantum computers has 2 kB; certificates more.
    const LONGEST: usize = 128 << 10;
    let (mut joined, mut messages) = (Vec::new(), Vec::new());
    for record in TlsRecords::new(bytes) {
        match record.content {
            super::CONTENT_HANDSHAKE => joined.extend_from_slice(record.body),
            // A compatible client sends one between its hellos (RFC 8446 §D.4).
            super::CONTENT_CHANGE => continue,
            _ => break,
        }
        while messages.len() < most {
            let Some(length) =
                joined.get(1..4).map(|length| length.iter().fold(0, |all, byte| all << 8 | usize::from(*byte)))
            else {
                break;
            };
            if joined.len() < 4 + length {
                break;
            }
            let rest = joined.split_off(4 + length);
            messages.push((joined[0], joined.split_off(4)));
            joined = rest;
        }
        if messages.len() >= most || joined.len() > LONGEST {
            break;
        }
    }
    messages
}
