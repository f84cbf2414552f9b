//! A command line of curl (curl.se/docs/manpage.html), as developer tools copy a
//! request: `curl 'https://…' -H 'name: value' --data-raw '…'`.

use std::borrow::Cow;

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, json, names::NameStack};
use crate::{prefilter::Prefilter, value_view::ValueView};

pub(super) struct Curl;

impl Decoder for Curl {
    fn name(&self) -> &'static str {
        "curl"
    }

    fn about(&self) -> &'static str {
        "an argument of a curl command line, by its option; the address is url (curl's manual)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte == b'c').at_least(12)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if look.starts_with(b"curl ") || look.starts_with(b"curl.exe ") { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let mut names = NameStack::default();
        let mut peeled = PeelResult::NOTHING;
        let mut option: Option<&'static str> = None;
        for word in words(value).skip(1) {
            let name = match (option.take(), &*word) {
                (Some(name), _) => name,
                (None, [b'-', ..]) => {
                    option = named(&word);
                    continue;
                }
                (None, _) => "url",
            };
            peeled.how = PeelOutcome::Surely;
            if inner.budget().room(word.len()) && inner.give(names.place(name.as_bytes()), &word).is_continue() {
                continue;
            }
            break;
        }
        peeled
    }
}

/// Options that have an argument which is sent.
fn named(option: &[u8]) -> Option<&'static str> {
    Some(match option {
        b"-H" | b"--header" => "header",
        b"-d" | b"--data" | b"--data-raw" | b"--data-binary" | b"--data-ascii" | b"--data-urlencode" | b"--json" => {
            "data"
        }
        b"-F" | b"--form" | b"--form-string" => "form",
        b"-b" | b"--cookie" => "cookie",
        b"-u" | b"--user" => "user",
        b"-A" | b"--user-agent" => "user-agent",
        b"-e" | b"--referer" => "referer",
        b"--url" => "url",
        b"-X" | b"--request" => "request",
        b"-x" | b"--proxy" | b"-o" | b"--output" | b"-m" | b"--max-time" | b"--connect-timeout" => "other",
        _ => return None,
    })
}

/// Words of a shell (POSIX, Shell Command Language §2.2), `$'…'` included.
fn words(line: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let mut rest = line;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_ascii_start();
            // The line goes on.
            match rest {
                [b'\\' | b'^' | b'`', b'\n', after @ ..] | [b'\\' | b'^' | b'`', b'\r', b'\n', after @ ..] => {
                    rest = after
                }
                _ => break,
            }
        }
        if rest.is_empty() {
            return None;
        }
        let mut word = Vec::new();
        while let [first, after @ ..] = rest {
            match (first, after) {
                (b' ' | b'\t' | b'\r' | b'\n', _) => break,
                (b'$', [b'\'', quoted @ ..]) => {
                    let end = ansi_end(quoted);
                    word.extend(json::unescaped(&quoted[..end]));
                    rest = &quoted[(end + 1).min(quoted.len())..];
                }
                (b'\'', quoted) => {
                    let end = memchr::memchr(b'\'', quoted).unwrap_or(quoted.len());
                    word.extend_from_slice(&quoted[..end]);
                    rest = &quoted[(end + 1).min(quoted.len())..];
                }
                (b'"', quoted) => {
                    let end = json::string_length(quoted);
                    word.extend(unquoted(&quoted[..end]));
                    rest = &quoted[(end + 1).min(quoted.len())..];
                }
                (b'\\', [next, after @ ..]) => {
                    word.push(*next);
                    rest = after;
                }
                _ => {
                    word.push(*first);
                    rest = after;
                }
            }
        }
        Some(Cow::Owned(word))
    })
}

/// Where the quote stands that no backslash is before.
fn ansi_end(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr2(b'\'', b'\\', rest)) {
        at += found;
        if text[at] == b'\'' {
            return at;
        }
        at += 2;
    }
    text.len()
}

/// Within double quotes a backslash keeps only some signs.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        match (first, after) {
            (b'\\', [next @ (b'"' | b'\\' | b'$' | b'`'), after @ ..]) => {
                plain.push(*next);
                rest = after;
            }
            _ => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn what_is_sent_has_a_place() {
        check(
            "curl 'https://a.example/x?y=z' \\\n  -H 'X-User: person' -b \"k=v\" --data-raw $'user=J\\u00fcrgen&n=1' --compressed",
            expect![[r#"
                value = curl 'https://a.example/x?y=z' \\\n  -H 'X-User: person' -b "k…
                value ▸ curl url = https://a.example/x?y=z
                value ▸ curl url ▸ path 1 = x
                value ▸ curl url ▸ query y = z
                value ▸ curl header = X-User: person
                value ▸ curl cookie = k=v
                value ▸ curl data = user=Jürgen&n=1
                value ▸ curl data ▸ form user = Jürgen
                value ▸ curl data ▸ form n = 1
            "#]],
        );
    }
}
