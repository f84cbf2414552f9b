//! DNS messages (RFC 1035 §4): who was asked for, and what addresses they have.

use std::net::IpAddr;

use super::reader::ByteReader;

/// What is read of a message.
pub(super) struct DnsMessage {
    pub(super) id: u16,
    pub(super) is_answer: bool,
    /// The first name that is asked for, as a host.
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) addresses: Vec<IpAddr>,
}

pub(super) fn message(bytes: &[u8]) -> Option<DnsMessage> {
    let mut reader = ByteReader::new(bytes);
    let (id, flags) = (reader.u16()?, reader.u16()?);
    let (questions, answers) = (reader.u16()?, reader.u16()?);
    reader.u32()?;
    if questions > 16 || flags & 0x0040 != 0 && questions == 0 {
        return None;
    }
    let (mut name, mut kind) = (String::new(), 0);
    for number in 0..questions {
        let (asked, its_kind) = (host(&mut reader)?, reader.u16()?);
        reader.u16()?;
        if number == 0 {
            (name, kind) = (asked, its_kind);
        }
    }
    let (mut addresses, is_answer) = (Vec::new(), flags & 0x8000 != 0);
    for _ in 0..answers.min(64) {
        let Some((kind, data)) = record(&mut reader) else { break };
        match (kind, data.len()) {
            (1, 4) => addresses.extend(<[u8; 4]>::try_from(data).map(IpAddr::from)),
            (28, 16) => addresses.extend(<[u8; 16]>::try_from(data).map(IpAddr::from)),
            _ => {}
        }
    }
    let name = if name.is_empty() { "unknown".to_owned() } else { name };
    Some(DnsMessage { id, is_answer, name, kind: kind_word(kind), addresses })
}

fn record<'m>(reader: &mut ByteReader<'m>) -> Option<(u16, &'m [u8])> {
    host(reader)?;
    let kind = reader.u16()?;
    reader.take(6)?;
    Some((kind, reader.prefixed(2)?))
}

/// A name as the host of an address; what no host can have is escaped. Of a
/// name that refers to another place the part that stands here.
fn host(reader: &mut ByteReader<'_>) -> Option<String> {
    let mut host = String::new();
    loop {
        let length = reader.u8()?;
        match length {
            0 => return Some(host),
            192.. => {
                reader.u8()?;
                return Some(host);
            }
            64..192 => return None,
            _ => {}
        }
        if !host.is_empty() {
            host.push('.');
        }
        for byte in reader.take(usize::from(length))? {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => host.push(char::from(*byte)),
                b'A'..=b'Z' => host.push(char::from(byte.to_ascii_lowercase())),
                _ => host.push_str(&format!("%{byte:02x}")),
            }
        }
        if host.len() > 1024 {
            return None;
        }
    }
}

fn kind_word(kind: u16) -> String {
    let word = match kind {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        64 => "SVCB",
        65 => "HTTPS",
        255 => "ANY",
        other => return format!("TYPE{other}"),
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_and_its_answer_are_read() {
        let mut bytes = b"\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0\x03wWw\x07example\x00\0\x01\0\x01".to_vec();
        let question = message(&bytes).unwrap();
        assert_eq!((question.id, &*question.name, &*question.kind), (0x1234, "www.example", "A"));
        bytes.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
        let answer = message(&bytes).unwrap();
        assert!(answer.is_answer);
        assert_eq!(answer.addresses, [IpAddr::from([192, 0, 2, 1])]);
    }

    #[test]
    fn what_is_no_message_is_none() {
        for bytes in [&b""[..], b"\0\0\0\0\xff\xff\0\0\0\0\0\0", b"\0\0\0\0\0\x01\0\0\0\0\0\0\x80"] {
            assert!(message(bytes).is_none(), "{}", bytes.escape_ascii());
        }
    }
}
