//! Host names in a text: the hosts that an answer lets a page ask.
//!
//! The text may be anything: markup, style, script, JSON, header fields. A name
//! found too many is harmless as long as no page asks that host.

/// Longest name of a host (RFC 1035 §2.3.4).
const LONGEST: usize = 253;

/// Calls `found` with every host name in `text`, in lower case; a name may come
/// twice.
///
/// It finds `//host` in any spelling (`https:\/\/host`, `https%3A%2F%2Fhost`),
/// names in quotes whose ending is on the public suffix list, and wildcard
/// names of a CSP.
pub(crate) fn hosts(text: &[u8], found: &mut dyn FnMut(String)) {
    for (at, byte) in text.iter().enumerate() {
        let named = match byte {
            b'/' if is_double(&text[..at]) => name(&text[at + 1..]),
            b'F' | b'f' if is_percent_double(&text[..=at]) => name(&text[at + 1..]),
            b'"' | b'\'' | b'`' => name(&text[at + 1..]).filter(|name| is_quoted(&text[at + 1 + name.len()..], name)),
            // A content security policy (CSP) names hosts without a scheme:
            // `*.host.example`.
            b' ' | b'.' if at > 0 && text[at - 1] == b'*' => name(&text[at + 1..]),
            _ => None,
        };
        if let Some(name) = named {
            found(name.to_ascii_lowercase());
        }
    }
}

/// Whether a slash after this is the second of two.
fn is_double(before: &[u8]) -> bool {
    before.ends_with(b"/") || before.ends_with(br"/\")
}

fn is_percent_double(text: &[u8]) -> bool {
    text.len() >= 6 && text[text.len() - 6..].eq_ignore_ascii_case(b"%2f%2f")
}

/// The name that a text starts with: letters, digits, `-`, and a dot somewhere.
fn name(text: &[u8]) -> Option<&str> {
    let length =
        text.iter().take(LONGEST + 1).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    let name = std::str::from_utf8(&text[..length.count()]).ok()?.trim_end_matches('.');
    let dotted = name.len() <= LONGEST && name.contains('.') && !name.starts_with(['.', '-']);
    dotted.then_some(name)
}

/// Whether a name in quotes is a host: a quote, slash or colon ends it, and its
/// ending is on the public suffix list.
fn is_quoted(after: &[u8], name: &str) -> bool {
    let ends = matches!(after.first(), Some(b'"' | b'\'' | b'`' | b'/' | b':'));
    ends && psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() < name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        hosts(text.as_bytes(), &mut |host| all.push(host));
        all
    }

    #[test]
    fn a_host_is_found_in_any_spelling() {
        for text in [
            "<img src=//Img.example.com/x>",
            r#"{"to":"https:\/\/img.example.com\/x"}"#,
            "location='/go?to=https%3A%2F%2Fimg.example.com%2Fx'",
            "url(http://img.example.com)",
            r#"fetch("https://"+"img.example.com"+path)"#,
            "let host = 'img.example.com:8443'",
            "https://img.example.com.",
        ] {
            assert_eq!(found(text), ["img.example.com"], "{text}");
        }
    }

    #[test]
    fn a_policy_names_all_below() {
        assert_eq!(found("connect-src *.example.com"), ["example.com"]);
    }

    #[test]
    fn what_is_no_host_is_not_found() {
        for text in ["a // comment", "'a.b.prototype'", "'./img.js'", "\"main.css\"", "//", "/a/b.example", "'1.2.3'"] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
