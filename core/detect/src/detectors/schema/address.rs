//! What stands where a program puts an address.
//!
//! One field holds an address on a page, a host where the SDK cuts it, and the
//! name of a screen in an app. What stands there says which; `/` says nothing.

use std::borrow::Cow;

use model::Kind;

/// The kind that a value is at a place of this kind; none if it tells nothing.
pub(super) fn kind<'k>(planned: &'k Kind, value: &[u8], is_disguised: bool) -> Option<Cow<'k, Kind>> {
    let as_planned = Some(Cow::Borrowed(planned));
    if is_disguised {
        return as_planned;
    }
    let value = value.trim_ascii();
    match planned.as_str() {
        "visited-url-part" | "visited-url" if matches!(value, b"/" | b"//" | b"#" | b"?") => None,
        "visited-url" => match sort(value) {
            AddressForm::Address => as_planned,
            AddressForm::Path => Some(Cow::Owned(Kind::new("visited-url-part"))),
            AddressForm::Host => Some(Cow::Owned(Kind::new("visited-host"))),
            AddressForm::Word => Some(Cow::Owned(Kind::new("screen-name"))),
            AddressForm::Other => as_planned,
        },
        _ => as_planned,
    }
}

enum AddressForm {
    Address,
    Path,
    Host,
    /// One word, as a class of a program is called.
    Word,
    Other,
}

fn sort(value: &[u8]) -> AddressForm {
    let is_host = |host: &[u8]| {
        let mut labels = host.split(|byte| *byte == b'.');
        let top = labels.next_back().unwrap_or_default();
        let is_label =
            |label: &[u8]| !label.is_empty() && label.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
        let is_file = matches!(top, b"html" | b"htm" | b"php" | b"aspx" | b"jsp" | b"js");
        (2..=24).contains(&top.len())
            && top.iter().all(u8::is_ascii_lowercase)
            && !is_file
            && host.contains(&b'.')
            && labels.all(is_label)
    };
    if memchr::memmem::find(value, b"://").is_some() || value.starts_with(b"//") {
        return AddressForm::Address;
    }
    let slash = memchr::memchr(b'/', value);
    match slash {
        Some(0) => AddressForm::Path,
        Some(at) if is_host(&value[..at]) => AddressForm::Address,
        None if is_host(value) => AddressForm::Host,
        None if !value.is_empty() && value.iter().all(|b| b.is_ascii_alphanumeric() || b"_.$".contains(b)) => {
            AddressForm::Word
        }
        _ => AddressForm::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_says_what_it_is() {
        for (value, is) in [
            ("https://a.example/x", Some("visited-url")),
            ("//a.example/x", Some("visited-url")),
            ("a.example/x", Some("visited-url")),
            ("about:blank", Some("visited-url")),
            ("/x/y", Some("visited-url-part")),
            ("/", None),
            ("shop.example", Some("visited-host")),
            ("HomeViewController", Some("screen-name")),
            ("com.example.MainActivity", Some("screen-name")),
        ] {
            let planned = Kind::new("visited-url");
            let found = kind(&planned, value.as_bytes(), false);
            assert_eq!(found.as_ref().map(|kind| kind.as_str()), is, "{value}");
        }
        assert!(kind(&Kind::new("visited-url-part"), b"/", false).is_none());
    }
}
