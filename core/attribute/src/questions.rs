//! Reads the names in a DNS query (RFC 1035), plain or over HTTPS (RFC 8484).
//!
//! A message counts as a query only if it has no room for other data. A message that could hide
//! data beside the name is not accepted.

use model::{Exchange, Header};

/// The names that one message asks for, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionNames(Vec<String>);

impl QuestionNames {
    /// Reads the message in a request's body, if its type says that it is one.
    pub fn in_exchange(exchange: &Exchange) -> Option<Self> {
        let is_message = |header: &Header| {
            header.name.eq_ignore_ascii_case("content-type") && header.value == b"application/dns-message"
        };
        let request = &exchange.request;
        let is_asked = exchange.seal.is_none() && request.headers.iter().any(is_message);
        is_asked.then(|| Self::read(&request.body.bytes)).flatten()
    }

    /// Whether all names meet this condition.
    pub fn all(&self, is: impl Fn(&str) -> bool) -> bool {
        !self.0.is_empty() && self.0.iter().all(|name| is(name))
    }

    #[cfg(test)]
    pub(crate) fn of(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// One or more questions, and at most an EDNS record that holds padding of zeros (RFC 7830).
    fn read(message: &[u8]) -> Option<Self> {
        let (head, mut rest) = message.split_at_checked(12)?;
        let count = |at: usize| usize::from(u16::from_be_bytes([head[at], head[at + 1]]));
        let (flags, answers, authorities) = (head[2], count(6), count(8));
        // Refuse a response, an operation other than a query, and records other than questions.
        if flags & 0xf8 != 0 || answers + authorities != 0 || !(1..=4).contains(&count(4)) || count(10) > 1 {
            return None;
        }
        let mut names = Vec::new();
        for _ in 0..count(4) {
            let (name, after) = name(rest)?;
            rest = after.get(4..)?;
            names.push(name);
        }
        (if count(10) == 0 { rest.is_empty() } else { is_padding(rest) }).then_some(Self(names))
    }
}

/// Reads a name without compression: the name in lower case, and the bytes after it.
fn name(mut bytes: &[u8]) -> Option<(String, &[u8])> {
    let mut name = String::new();
    loop {
        let (length, rest) = bytes.split_first()?;
        if *length == 0 {
            return Some((name, rest));
        }
        let (label, rest) = rest.split_at_checked(usize::from(*length)).filter(|_| *length < 64)?;
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&std::str::from_utf8(label).ok()?.to_ascii_lowercase());
        bytes = rest;
    }
}

/// Whether a record is an OPT record (RFC 6891 §6.1.2) with no option but padding of zeros.
fn is_padding(record: &[u8]) -> bool {
    const PADDING: [u8; 2] = [0, 12];
    let [0, 0, 41, _, _, _, _, _, _, length @ ..] = record else { return false };
    let Some((length, mut options)) = length.split_at_checked(2) else { return false };
    if usize::from(u16::from_be_bytes([length[0], length[1]])) != options.len() {
        return false;
    }
    while let Some((head, rest)) = options.split_at_checked(4) {
        let size = usize::from(u16::from_be_bytes([head[2], head[3]]));
        match rest.split_at_checked(size) {
            Some((zeros, after)) if head[..2] == PADDING && zeros.iter().all(|byte| *byte == 0) => options = after,
            _ => return false,
        }
    }
    options.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(names: &[&str], additional: &[u8]) -> Vec<u8> {
        let count = [0, u8::from(!additional.is_empty())];
        let mut message = [&[0, 0, 1, 0, 0, names.len() as u8, 0, 0, 0, 0][..], &count].concat();
        for name in names {
            for label in name.split('.') {
                message.push(label.len() as u8);
                message.extend_from_slice(label.as_bytes());
            }
            message.extend_from_slice(&[0, 0, 1, 0, 1]);
        }
        [message, additional.to_vec()].concat()
    }

    const PADDED: [u8; 19] = [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 4, 0, 0, 0, 0];

    #[test]
    fn a_question_with_padding_is_one() {
        let read = |names: &[&str], more: &[u8]| QuestionNames::read(&question(names, more));
        assert_eq!(read(&["A.example"], &[]), Some(QuestionNames::of(&["a.example"])));
        assert_eq!(read(&["a.example"], &PADDED), Some(QuestionNames::of(&["a.example"])));
        assert!(read(&["a.example", "b.example"], &[]).unwrap().all(|name| name.ends_with(".example")));
    }

    #[test]
    fn what_holds_something_beside_its_names_is_none() {
        let mut told = PADDED;
        told[17] = 7;
        for more in [&told[..], b"told", &[&PADDED[..], b"x"].concat()] {
            assert_eq!(QuestionNames::read(&question(&["a.example"], more)), None);
        }
        let mut answer = question(&["a.example"], &[]);
        answer[2] |= 0x80;
        assert_eq!(QuestionNames::read(&answer), None);
        let whole = question(&["a.example"], &[]);
        assert!((0..whole.len()).all(|cut| QuestionNames::read(&whole[..cut]).is_none()));
    }
}
