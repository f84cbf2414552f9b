//! Values that cannot be canaries, because they turn up by themselves.

use std::fmt;

use model::Canary;

/// Why a value cannot be planted, in one sentence that does not show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCanary {
    /// The canary's id.
    pub id: String,
    /// The sentence, without the id.
    pub says: String,
}

impl fmt::Display for RefusedCanary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "canary `{}` {}", self.id, self.says)
    }
}

impl std::error::Error for RefusedCanary {}

/// Characters that a value needs at least.
const SHORTEST: usize = 4;
/// Digits that a number needs at least.
const SHORTEST_NUMBER: usize = 6;

/// Words that requests are full of. Compared in lower case.
const COMMON: [&str; 46] = [
    "127.0.0.1",
    "about:blank",
    "admin",
    "android",
    "anonymous",
    "chrome",
    "chromium",
    "click",
    "default",
    "email",
    "en-us",
    "error",
    "event",
    "example.com",
    "false",
    "file",
    "firefox",
    "folder",
    "google",
    "google.com",
    "guest",
    "home",
    "http://",
    "https://",
    "index",
    "index.html",
    "iphone",
    "linux",
    "localhost",
    "login",
    "mozilla",
    "name",
    "none",
    "null",
    "page",
    "password",
    "root",
    "search",
    "settings",
    "start",
    "test",
    "title",
    "true",
    "undefined",
    "unknown",
    "user",
];

/// Refuses what is found by chance in requests that carry nothing of the kind.
pub(crate) fn check(canary: &Canary) -> Result<(), RefusedCanary> {
    let refuse = |says: String| Err(RefusedCanary { id: canary.id.clone(), says });
    let value = canary.value.trim().to_lowercase();
    let length = value.chars().count();
    if length < SHORTEST {
        return refuse(format!(
            "is too short ({length} characters): values under {SHORTEST} are found everywhere by chance"
        ));
    }
    if value.bytes().all(|byte| byte.is_ascii_digit()) && length < SHORTEST_NUMBER {
        return refuse(format!(
            "is too short a number ({length} digits): numbers under {SHORTEST_NUMBER} digits are found by chance"
        ));
    }
    if COMMON.contains(&value.as_str()) {
        return refuse("is a word that requests are full of: plant a value that occurs nowhere else".into());
    }
    if is_row(&value) {
        return refuse("repeats or counts up one character: such values stand in requests as fillers".into());
    }
    Ok(())
}

/// `0000000000`, `abababab`, `123456789`.
fn is_row(value: &str) -> bool {
    let bytes = value.as_bytes();
    let mut distinct: Vec<u8> = bytes.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let counts_up = bytes.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == 1 || pair == b"90");
    distinct.len() < 3 || counts_up
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_found_by_chance_is_refused_with_a_sentence() {
        for (value, says) in [
            ("abc", "canary `c` is too short (3 characters)"),
            ("  ab  ", "canary `c` is too short (2 characters)"),
            ("48213", "canary `c` is too short a number (5 digits)"),
            ("Password", "canary `c` is a word that requests are full of"),
            ("0000000000", "canary `c` repeats or counts up one character"),
            ("1234567890", "canary `c` repeats or counts up one character"),
        ] {
            let refused = check(&Canary::new("c", "typed-text", value)).unwrap_err().to_string();
            assert!(refused.starts_with(says), "{refused}");
        }
    }

    #[test]
    fn a_refusal_does_not_show_the_value() {
        let refused = check(&Canary::new("c", "typed-text", "xyz")).unwrap_err();
        assert!(!refused.to_string().contains("xyz") && !format!("{refused:?}").contains("xyz"));
    }

    #[test]
    fn ordinary_values_are_taken() {
        for value in ["Zoë Finukgurmann", "pat-ch6u8g4yk", "4711x", "482135", "wikipedia.org", "Jörg"] {
            assert!(check(&Canary::new("c", "typed-text", value)).is_ok(), "{value}");
        }
    }

    #[test]
    fn the_list_is_in_order_and_says_nothing_twice() {
        assert!(COMMON.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
