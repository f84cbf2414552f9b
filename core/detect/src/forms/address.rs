//! Addresses of pages, and hosts.

use percent_encoding::percent_decode_str;

use super::{ValueForms, text};
use crate::grams::TextBoundary;

/// Characters that a path needs before it tells one page from all others
/// without the query behind it.
const TELLING_PATH: usize = 8;

/// An absolute address, cut into its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AbsoluteAddress<'a> {
    pub(crate) scheme: &'a str,
    /// Host, and port if one is named.
    pub(crate) authority: &'a str,
    /// With its first slash; empty if there is none.
    pub(crate) path: &'a str,
    /// Without the `?`.
    pub(crate) query: Option<&'a str>,
    /// Without the `#`.
    pub(crate) fragment: Option<&'a str>,
}

impl<'a> AbsoluteAddress<'a> {
    pub(crate) fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (rest, fragment) = split(rest, '#');
        let (rest, query) = split(rest, '?');
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let is_address = !scheme.is_empty() && scheme.chars().all(plain) && !authority.is_empty();
        is_address.then_some(Self { scheme, authority, path, query, fragment })
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// The host of an absolute address, in lower case.
pub(crate) fn host_of(url: &str) -> Option<String> {
    let address = AbsoluteAddress::of(url)?;
    let host = address.authority.split_once(':').map_or(address.authority, |(host, _)| host);
    Some(host.to_lowercase())
}

pub(super) fn is_address(value: &str) -> bool {
    AbsoluteAddress::of(value).is_some() && !value.contains(char::is_whitespace)
}

pub(super) fn is_host(value: &str) -> bool {
    value.contains('.') && value.chars().all(|c| c.is_alphanumeric() || ".-:".contains(c))
}

pub(super) fn forms(value: &str, forms: &mut ValueForms) {
    let Some(address) = AbsoluteAddress::of(value) else { return };
    texts(&address, forms);
    if let Some(decoded) = decoded(value)
        && let Some(address) = AbsoluteAddress::of(&decoded)
    {
        texts(&address, forms);
        forms.digested("decoded", decoded.as_str());
    }
    digests(&address, forms);
}

/// The shortest texts that still say which page it was: an address without
/// scheme, `www.` and last slash is found in every longer form of it.
fn texts(address: &AbsoluteAddress<'_>, forms: &mut ValueForms) {
    let host = without_www(address.authority);
    let path = address.path.trim_end_matches('/');
    let query = address.query.filter(|query| !query.is_empty());
    let fragment = address.fragment.filter(|fragment| !fragment.is_empty());
    let telling = path.len() > TELLING_PATH;
    let mut add = |end: String, after: TextBoundary| {
        // Hardly more than a host counts only where it is written as an address.
        let (text, before) = match telling || query.is_some() || fragment.is_some() {
            true => (format!("{host}{end}"), TextBoundary::Label),
            false => (format!("{}://{}{end}", address.scheme, address.authority), TextBoundary::Word),
        };
        text::spelled(&text, before, after, forms);
    };
    let mut paths = vec![address.path];
    if path != address.path {
        paths.push(path);
    }
    for path in paths {
        match (query, fragment) {
            (None, None) => add(path.trim_end_matches('/').to_owned(), TextBoundary::Path),
            (None, Some(fragment)) => add(format!("{path}#{fragment}"), TextBoundary::Open),
            (Some(query), None) => add(format!("{path}?{query}"), TextBoundary::Open),
            (Some(query), Some(fragment)) => {
                add(format!("{path}?{query}#{fragment}"), TextBoundary::Open);
                add(format!("{path}?{query}"), TextBoundary::Cut);
            }
        }
    }
    if telling && (query.is_some() || fragment.is_some()) {
        forms.cut_short(&format!("{host}{path}"));
    }
}

fn digests(address: &AbsoluteAddress<'_>, forms: &mut ValueForms) {
    let AbsoluteAddress { authority, path, query, .. } = *address;
    let scheme = format!("{}://", address.scheme.to_ascii_lowercase());
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let short = path.trim_end_matches('/');
    forms.digested("without-fragment", format!("{scheme}{authority}{path}{query}"));
    forms.digested("without-query", format!("{scheme}{authority}{path}"));
    forms.digested("without-slash", format!("{scheme}{authority}{short}{query}"));
    forms.digested("without-query,without-slash", format!("{scheme}{authority}{short}"));
    forms.digested("without-scheme", format!("{authority}{path}{query}"));
    forms.digested("without-scheme,without-query", format!("{authority}{path}"));
    forms.digested("without-scheme,without-slash", format!("{authority}{short}{query}"));
    forms.digested("without-scheme,without-query,without-slash", format!("{authority}{short}"));
    let bare = without_www(authority);
    if bare != authority {
        forms.digested("without-www", format!("{scheme}{bare}{path}{query}"));
        forms.digested("without-scheme,without-www", format!("{bare}{path}{query}"));
    }
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    forms.digested("host", host.to_lowercase());
    if path.is_empty() {
        forms.digested("with-slash", format!("{scheme}{authority}/{query}"));
    }
    if path.len() > TELLING_PATH {
        forms.digested("path", path);
        forms.digested("path,query", format!("{path}{query}"));
    }
}

pub(super) fn host_forms(value: &str, forms: &mut ValueForms) {
    let host = without_www(value);
    text::spelled(host, TextBoundary::Label, TextBoundary::Label, forms);
    let host = host.to_lowercase();
    forms.digested("without-www", host.as_str());
    forms.digested("with-scheme", format!("https://{}", value.to_lowercase()));
    forms.digested("with-scheme,with-slash", format!("https://{}/", value.to_lowercase()));
    forms.digested("with-slash", format!("{}/", value.to_lowercase()));
    if let Some(site) = psl::domain_str(&host) {
        forms.digested("site", site);
    }
}

fn without_www(authority: &str) -> &str {
    match authority.get(..4) {
        Some(www) if www.eq_ignore_ascii_case("www.") => &authority[4..],
        _ => authority,
    }
}

/// The address with its percent-coding undone, if it has any and it is UTF-8.
fn decoded(value: &str) -> Option<String> {
    if !value.contains('%') {
        return None;
    }
    let decoded = percent_decode_str(value).decode_utf8().ok()?;
    (decoded != value).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn shown(value: &str) -> String {
        let mut found = ValueForms::default();
        forms(value, &mut found);
        let texts = found.texts.iter().map(|text| format!("{}\n", text.text));
        let digested = found.digested.iter().map(|form| format!("({}) {}\n", form.name, form.text));
        texts.chain(digested).collect()
    }

    #[test]
    fn an_address_has_these_forms() {
        expect![[r#"
            a.example/Secret/Page?q=1#top
            a.example/Secret/Page?q=1
            a.example/Secret/Page
            (without-fragment) https://www.a.example/Secret/Page?q=1
            (without-query) https://www.a.example/Secret/Page
            (without-scheme) www.a.example/Secret/Page?q=1
            (without-scheme,without-query) www.a.example/Secret/Page
            (without-www) https://a.example/Secret/Page?q=1
            (without-scheme,without-www) a.example/Secret/Page?q=1
            (host) www.a.example
            (path) /Secret/Page
            (path,query) /Secret/Page?q=1
        "#]]
        .assert_eq(&shown("https://www.a.example/Secret/Page?q=1#top"));
    }

    #[test]
    fn an_address_that_is_only_a_host_is_looked_for_with_its_scheme() {
        expect![[r#"
            https://a.example
            (without-fragment) https://a.example/
            (without-slash) https://a.example
            (without-scheme) a.example/
            (without-scheme,without-slash) a.example
        "#]]
        .assert_eq(&shown("https://a.example/"));
    }

    #[test]
    fn an_address_is_cut_into_its_parts() {
        let address = AbsoluteAddress::of("https://u:p@a.example:8443/x/y?q=1#f").unwrap();
        assert_eq!((address.scheme, address.authority), ("https", "a.example:8443"));
        assert_eq!((address.path, address.query, address.fragment), ("/x/y", Some("q=1"), Some("f")));
        assert_eq!(host_of("https://A.example:8443/x").as_deref(), Some("a.example"));
        assert_eq!(AbsoluteAddress::of("a.example/x"), None);
        assert_eq!(AbsoluteAddress::of("two words://x"), None);
    }
}
