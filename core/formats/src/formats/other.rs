//! Files that are recognised, so that a person is told what to do with them.

use crate::refused::RefusedFile;

/// What a file is that no format fits.
pub(crate) fn refused(head: &[u8]) -> RefusedFile {
    let begins = |with: &[u8]| head.starts_with(with);
    if head.iter().all(u8::is_ascii_whitespace) {
        return RefusedFile::Empty;
    }
    if begins(b"\x0a\x0d\x0d\x0a") {
        return RefusedFile::NotACapture("it begins as a packet capture (pcapng), and is broken at its first block");
    }
    if begins(b"SQLite format 3\0") {
        return RefusedFile::NotACapture("it is an SQLite database");
    }
    if begins(b"PK\x03\x04") {
        return RefusedFile::NotACapture("it is a ZIP archive; unpack it and name what is in it");
    }
    if begins(b"\x28\xb5\x2f\xfd") || begins(b"BZh") || begins(b"\xfd7zXZ") {
        return RefusedFile::NotACapture("it is a compressed file; unpack it first");
    }
    if begins(b"\xff\xfe") || begins(b"\xfe\xff") {
        return RefusedFile::NotACapture("it is UTF-16 text; save it as UTF-8");
    }
    if head.iter().take(64).any(|byte| *byte < 9) {
        return RefusedFile::NotACapture("it is a binary file of no kind that we know");
    }
    RefusedFile::NotACapture("it is neither HAR nor mitmproxy flows nor packets")
}
