//! The formats, one a file.

mod text;

pub use text::text;

/// Placeholder until the page is there.
pub fn html(_audit: &audit::Audit) -> String {
    String::new()
}

/// Placeholder until the shape is there.
pub fn json(_audit: &audit::Audit) -> String {
    String::new()
}
