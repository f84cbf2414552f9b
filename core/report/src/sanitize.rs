//! Captured text, made harmless to look at.
//!
//! Whoever is captured writes the values: they may hold terminal sequences,
//! characters that turn the reading direction, and ones that cannot be seen.
//! Here they become visible. What a format's own syntax must escape (`<`, `"`)
//! is that format's business.

use std::borrow::Cow;

/// The text with every character that acts rather than shows written as
/// `\u{202e}`.
pub fn inert(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            c if acts(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// The same, cut to `most` characters with `…` at the end.
pub fn inert_head(text: &str, most: usize) -> String {
    let shown = inert(text);
    if shown.chars().count() <= most {
        return shown.into_owned();
    }
    let mut head: String = shown.chars().take(most.saturating_sub(1)).collect();
    head.push('…');
    head
}

/// Controls (C0, C1, DEL), bidirectional controls (Unicode UAX #9, §2), what
/// has no width, line separators, and tags.
pub(crate) fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_made_visible() {
        for (text, shown) in [
            ("plain, größer, 日本", "plain, größer, 日本"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("evil\u{202e}gpj.exe", "evil\\u{202e}gpj.exe"),
            ("two\nlines\tand\u{0}nul", "two\\nlines\\tand\\u{0}nul"),
            ("no\u{200b}width\u{9b}31m", "no\\u{200b}width\\u{9b}31m"),
        ] {
            assert_eq!(inert(text), shown);
        }
    }

    #[test]
    fn a_long_value_is_cut_at_a_character() {
        assert_eq!(inert_head("größer", 4), "grö…");
        assert_eq!(inert_head("groß", 4), "groß");
    }
}
