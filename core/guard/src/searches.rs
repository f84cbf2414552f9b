//! Reads the searched words from the address of a result page.

use percent_encoding::percent_decode_str;

/// Names of query parameters in which sites take search words.
const PARAMETERS: [&str; 16] = [
    "k",
    "keyword",
    "keywords",
    "p",
    "q",
    "qs",
    "query",
    "s",
    "search",
    "search_query",
    "searchterm",
    "term",
    "text",
    "w",
    "wd",
    "word",
];

/// The search words in this address, percent-decoded; none if it has none.
pub(crate) fn words(url: &str) -> Option<String> {
    let query = url.split('#').next()?.split_once('?')?.1;
    query.split('&').filter_map(|pair| pair.split_once('=')).find_map(|(name, value)| {
        let known = PARAMETERS.binary_search(&name.to_ascii_lowercase().as_str()).is_ok();
        let value = value.replace('+', " ");
        let words = percent_decode_str(&value).decode_utf8().ok()?;
        (known && !words.trim().is_empty()).then(|| words.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_were_typed() {
        for (url, expected) in [
            ("https://duckduckgo.com/?q=how+to+leave%3F&ia=web", Some("how to leave?")),
            ("https://www.baidu.com/s?ie=utf-8&wd=%E4%BD%A0%E5%A5%BD", Some("你好")),
            ("https://search.example/?Query=a#q=b", Some("a")),
            ("https://a.example/?q=", None),
            ("https://a.example/?id=7", None),
            ("https://a.example/#q=a", None),
            ("https://a.example/", None),
        ] {
            assert_eq!(words(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn the_list_is_in_order() {
        assert!(PARAMETERS.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
