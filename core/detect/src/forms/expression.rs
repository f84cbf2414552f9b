//! The expressions under which an address is looked up in lists of bad sites.
//!
//! Safe Browsing and its relatives do not send an address but the first bytes
//! of SHA-256 over parts of it: `a.b.example/1/2.html?q`, `a.b.example/1/`,
//! `b.example/` … (Safe Browsing v4, "URLs and Hashing": canonicalization,
//! suffix and prefix expressions).

use percent_encoding::percent_decode;

use super::AbsoluteAddress;

/// Labels that a shortened host begins with at most.
const LABELS: usize = 5;
/// Paths that are made by going up to the root.
const STEPS: usize = 4;

/// All expressions of an address, the longest first.
pub(crate) fn expressions(url: &str) -> Vec<String> {
    let Some(address) = AbsoluteAddress::of(url) else { return Vec::new() };
    let host = canonical_host(address.authority);
    let path = canonical_path(address.path);
    let query = address.query.map(|query| format!("?{}", escaped(&unescaped(query))));
    let mut all = Vec::new();
    for host in hosts(&host) {
        for path in paths(&path, query.as_deref()) {
            let expression = format!("{host}{path}");
            if !all.contains(&expression) {
                all.push(expression);
            }
        }
    }
    all
}

fn canonical_host(authority: &str) -> String {
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    let host = String::from_utf8_lossy(&unescaped(host)).to_lowercase();
    host.split('.').filter(|label| !label.is_empty()).collect::<Vec<_>>().join(".")
}

fn canonical_path(path: &str) -> String {
    let path = unescaped(path);
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let mut canonical = String::new();
    for part in &parts {
        canonical.push('/');
        canonical.push_str(&escaped(part));
    }
    if path.ends_with(b"/") || parts.is_empty() {
        canonical.push('/');
    }
    canonical
}

fn hosts(host: &str) -> Vec<&str> {
    let mut all = vec![host];
    let labels = host.split('.').count();
    if host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return all;
    }
    let mut rest = host;
    for left in (2..labels).rev() {
        rest = rest.split_once('.').map_or(rest, |(_, rest)| rest);
        if left <= LABELS {
            all.push(rest);
        }
    }
    all
}

fn paths(path: &str, query: Option<&str>) -> Vec<String> {
    let mut all: Vec<String> = query.map(|query| format!("{path}{query}")).into_iter().collect();
    all.push(path.to_owned());
    let ups = path.match_indices('/').map(|(at, _)| path[..=at].to_owned());
    all.extend(ups.take(STEPS));
    all
}

fn unescaped(text: &str) -> Vec<u8> {
    /// More rounds than anything honest needs.
    const ROUNDS: usize = 16;
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..ROUNDS {
        let next: Vec<u8> = percent_decode(&bytes).collect();
        if next == bytes {
            break;
        }
        bytes = next;
    }
    bytes
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            0..=0x20 | 0x7f.. | b'#' | b'%' => text.push_str(&format!("%{byte:02X}")),
            plain => text.push(char::from(plain)),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_the_expressions_of_the_specification() {
        assert_eq!(
            expressions("http://a.b.c/1/2.html?param=1#frag").join(" "),
            "a.b.c/1/2.html?param=1 a.b.c/1/2.html a.b.c/ a.b.c/1/ b.c/1/2.html?param=1 b.c/1/2.html b.c/ b.c/1/"
        );
        assert_eq!(
            expressions("http://a.b.c.d.e.f.g/1.html").join(" "),
            "a.b.c.d.e.f.g/1.html a.b.c.d.e.f.g/ c.d.e.f.g/1.html c.d.e.f.g/ d.e.f.g/1.html d.e.f.g/ e.f.g/1.html \
             e.f.g/ f.g/1.html f.g/"
        );
        assert_eq!(expressions("http://1.2.3.4/1/").join(" "), "1.2.3.4/1/ 1.2.3.4/");
    }

    #[test]
    fn an_address_is_brought_to_one_form_first() {
        for (url, first) in [
            ("http://host/%25%32%35", "host/%25"),
            ("http://host%23.com/%257Ea%2521b", "host#.com/~a!b"),
            ("http://GOOgle.com../x/../y//z/./", "google.com/y/z/"),
            ("https://a.example", "a.example/"),
            ("https://a.example:8443/m%C3%BCde?q=%20", "a.example/m%C3%BCde?q=%20"),
        ] {
            assert_eq!(expressions(url).first().map(String::as_str), Some(first), "{url}");
        }
    }
}
