//! Enums whose variants are written as a fixed text in evidence and reports.
//!
//! The code that writes a word and the code that recognises it use the same variant, so the
//! compiler checks both. A word that this version does not know is kept unchanged, because evidence
//! of a later version must stay readable.

/// Declares the enum, with its words in both directions.
macro_rules! word_enum {
    ($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:expr,)+ }) => {
        $(#[$about])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$of])* $variant,)+
            /// A word that this Candor does not know, as it came.
            Other(String),
        }

        impl $name {
            /// All variants but `Other`.
            pub const KNOWN: &[Self] = &[$(Self::$variant),+];

            /// The word in evidence and reports: stable.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                $(if word == $word {
                    return Self::$variant;
                })+
                Self::Other(word.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                Self::from(word.as_str())
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, word: &&str) -> bool {
                self.as_str() == *word
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        /// An unknown word may be a captured value, so `Debug` does not show it.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    Self::Other(_) => f.write_str("Other(..)"),
                    known => f.write_str(known.as_str()),
                }
            }
        }
    };
}

pub(crate) use word_enum;
