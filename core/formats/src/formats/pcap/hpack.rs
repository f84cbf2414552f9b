//! HPACK, how HTTP/2 writes header fields (RFC 7541).

use std::collections::VecDeque;

use super::huffman;

/// A name and a value.
pub(super) type FieldLine = (Vec<u8>, Vec<u8>);

/// One direction of a connection, with what it has sent before.
pub(super) struct HpackDecoder {
    table: VecDeque<FieldLine>,
    size: usize,
    most: usize,
    /// Bytes that it may still give: references are short, what they give is not.
    budget: usize,
}

/// No settings allow a larger table (browsers allow 64 kB).
const TABLE: usize = 1 << 20;
/// What a connection may give.
const GIVEN: usize = 64 << 20;
/// What one block may give.
const BLOCK: usize = 4 << 20;

impl Default for HpackDecoder {
    fn default() -> Self {
        Self { table: VecDeque::new(), size: 0, most: 4096, budget: GIVEN }
    }
}

impl HpackDecoder {
    /// The fields of a block; none if it is broken, and with it the connection.
    pub(super) fn decode(&mut self, block: &[u8]) -> Option<Vec<FieldLine>> {
        let (mut rest, mut fields, mut given) = (block, Vec::new(), 0);
        while let Some(&first) = rest.first() {
            let field = if first & 0x80 != 0 {
                self.entry(integer(&mut rest, 7)?)?
            } else if first & 0xe0 == 0x20 {
                let size = integer(&mut rest, 5)?;
                if size > TABLE {
                    return None;
                }
                self.most = size;
                self.shrink();
                continue;
            } else {
                let is_kept = first & 0x40 != 0;
                let index = integer(&mut rest, if is_kept { 6 } else { 4 })?;
                let name = if index == 0 { text(&mut rest)? } else { self.entry(index)?.0 };
                let field = (name, text(&mut rest)?);
                if is_kept {
                    self.keep(field.clone());
                }
                field
            };
            given += field.0.len() + field.1.len() + 32;
            self.budget = self.budget.checked_sub(field.0.len() + field.1.len() + 32)?;
            if given > BLOCK {
                return None;
            }
            fields.push(field);
        }
        Some(fields)
    }

    fn entry(&self, index: usize) -> Option<FieldLine> {
        match STATIC.get(index.checked_sub(1)?) {
            Some((name, value)) => Some((name.as_bytes().to_vec(), value.as_bytes().to_vec())),
            None => self.table.get(index - 1 - STATIC.len()).cloned(),
        }
    }

    fn keep(&mut self, field: FieldLine) {
        self.size += cost(&field);
        self.table.push_front(field);
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.size > self.most {
            let Some(last) = self.table.pop_back() else { break };
            self.size -= cost(&last);
        }
    }
}

fn cost(field: &FieldLine) -> usize {
    field.0.len() + field.1.len() + 32
}

/// §5.1: a number whose first bits share a byte with something else.
pub(super) fn integer(rest: &mut &[u8], bits: u32) -> Option<usize> {
    let (&first, mut bytes) = rest.split_first()?;
    let mask = (1_usize << bits) - 1;
    let mut number = usize::from(first) & mask;
    if number == mask {
        for shift in (0..).step_by(7) {
            let (&byte, after) = bytes.split_first()?;
            bytes = after;
            if shift > 28 {
                return None;
            }
            number += usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    *rest = bytes;
    Some(number)
}

/// §5.2: a text, with its code or without.
fn text(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let is_huffman = rest.first()? & 0x80 != 0;
    let length = integer(rest, 7)?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    if is_huffman { huffman::decode(bytes) } else { Some(bytes.to_vec()) }
}

/// Appendix A.
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(decoder: &mut HpackDecoder, block: &[u8]) -> String {
        let fields = decoder.decode(block).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        fields.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn requests_of_one_connection_refer_to_each_other() {
        // RFC 7541 §C.4.
        let mut decoder = HpackDecoder::default();
        let first = b"\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff";
        assert_eq!(read(&mut decoder, first), ":method=GET; :scheme=http; :path=/; :authority=www.example.com");
        let second = b"\x82\x86\x84\xbe\x58\x86\xa8\xeb\x10\x64\x9c\xbf";
        assert_eq!(
            read(&mut decoder, second),
            ":method=GET; :scheme=http; :path=/; :authority=www.example.com; cache-control=no-cache"
        );
        let third = b"\x82\x87\x85\xbf\x40\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x89\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf";
        assert_eq!(
            read(&mut decoder, third),
            ":method=GET; :scheme=https; :path=/index.html; :authority=www.example.com; custom-key=custom-value"
        );
    }

    #[test]
    fn what_refers_to_nothing_is_broken() {
        for block in [&b"\x80"[..], b"\xff", b"\xc0", b"\x40\x7f", b"\x3f\xff\xff\xff\xff\x7f"] {
            assert!(HpackDecoder::default().decode(block).is_none(), "{}", block.escape_ascii());
        }
    }

    #[test]
    fn a_bomb_of_references_is_stopped() {
        let mut decoder = HpackDecoder::default();
        let mut block = b"\x40\x01a\x7f\x81\x1e".to_vec();
        // 127 + 1 + 30·128 bytes of a value, then a reference a byte.
        block.resize(6 + 127 + 1 + 30 * 128, b'x');
        block.extend(vec![0xbe; 1 << 16]);
        assert!(decoder.decode(&block).is_none());
    }
}
