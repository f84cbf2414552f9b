//! Random values that nobody can guess.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use crate::Error;

/// 256 bits as text that is valid in a URL, a cookie and a form.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new() -> Result<Self, Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
        Ok(Self(BASE64URL_NOPAD.encode(&bytes)))
    }

    /// A secret that was created before; None if its length is wrong.
    pub(crate) fn again(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// A secret for this purpose, derived from this one. Without this secret it
    /// cannot be guessed.
    pub(crate) fn derived(&self, purpose: &str) -> Self {
        let digest = Sha256::new().chain_update(purpose).chain_update([0]).chain_update(&self.0).finalize();
        Self(BASE64URL_NOPAD.encode(&digest))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Compares in constant time, so that the duration does not reveal how much
    /// of a guess is right.
    pub(crate) fn is(&self, given: &str) -> bool {
        let differ = self.0.bytes().zip(given.bytes()).fold(0, |differ, (own, given)| differ | (own ^ given));
        differ == 0 && self.0.len() == given.len()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same_and_only_the_whole_one_fits() {
        let (one, other) = (Secret::new().unwrap(), Secret::new().unwrap());
        assert!(one.is(one.text()) && !one.is(other.text()));
        assert!(!one.is("") && !one.is(&one.text()[1..]) && !one.is(&format!("{}x", one.text())));
        assert_eq!(format!("{one:?}"), "Secret(..)");
    }
}
