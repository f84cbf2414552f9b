//! Files that are no captures, or not yet.

use std::{fmt, io};

/// Why a file was not read at all, in one sentence without its name.
#[derive(Debug)]
pub enum RefusedFile {
    Empty,
    /// What it is instead, as far as that is known.
    NotACapture(&'static str),
    /// A capture in a format that is not read, and what to do about it.
    NotRead(&'static str),
    /// Reading failed before there was anything.
    Unreadable(io::Error),
}

impl fmt::Display for RefusedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::NotACapture(what) => write!(f, "is not a capture: {what}"),
            Self::NotRead(what) => f.write_str(what),
            Self::Unreadable(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

impl std::error::Error for RefusedFile {}
