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
        return RefusedFile::NotACapture("it is a ZIP archive within another; unpack it and name what is in it");
    }
    if let Some(says) = named(head) {
        return RefusedFile::NotRead(says);
    }
    if begins(b"\x28\xb5\x2f\xfd") {
        return RefusedFile::NotACapture("it is a compressed file; unpack it first");
    }
    if begins(b"\xff\xfe") || begins(b"\xfe\xff") {
        return RefusedFile::NotACapture("it is UTF-16 text; save it as UTF-8");
    }
    if head.iter().take(64).any(|byte| *byte < 9) {
        return RefusedFile::NotACapture("it is a binary file of no kind that we know");
    }
    RefusedFile::NotACapture("it is no format that is known")
}

/// Files of programs that can write something else, by what they begin with.
const NAMED: [(&[u8], &str); 10] = [
    (b"\xfd7zXZ", "is packed with xz, which is not read: unpack it first"),
    (b"BZh", "is packed with bzip2, which is not read: unpack it first"),
    (b"7z\xbc\xaf", "is packed with 7-Zip, which is not read: unpack it first"),
    (b"Rar!", "is packed with RAR, which is not read: unpack it first"),
    (b"\xac\xed\0\x05", "is a session of Charles in its own format: save it as JSON (.chlsj) or HAR"),
    (b"GMBU", "is a trace of Microsoft's Network Monitor: convert it to pcapng with Wireshark"),
    (b"RTSS", "is a trace of Microsoft's Network Monitor: convert it to pcapng with Wireshark"),
    (b"snoop\0\0\0", "is a capture of snoop: convert it to pcapng with Wireshark"),
    (b"bplist00", "is a binary property list; of Proxyman's sessions export HAR"),
    (b"%PDF", "is a PDF: export the capture itself as HAR"),
];

fn named(head: &[u8]) -> Option<&'static str> {
    if memchr::memmem::find(head, b"<OWASPZAPReport").is_some() {
        return Some("is a report of ZAP, without what was sent: export its messages as HAR");
    }
    NAMED.iter().find(|(mark, _)| head.starts_with(mark)).map(|(_, says)| *says)
}
