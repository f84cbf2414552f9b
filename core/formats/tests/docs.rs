//! `docs/formats.md` is made from the list of formats.

use std::fmt::Write;

use expect_test::expect_file;
use formats::formats;

const HEAD: &str = "\
# Captures that Candor reads

`candor analyze FILE… [--canaries FILE] [--keys FILE]`. Which format a file has its bytes say, never its name; a folder stands for
all captures below it. Files are read one request at a time, so their size does not matter; of packets one connection
at a time. A request that cannot be
read is a gap and the next one follows; a file that is cut gives what it has, and says so.

This page is made from `core/formats`: `make docs` writes it, and a test compares.
";

const FOOT: &str = "
## candor

Evidence that `candor audit` or `candor capture` wrote: one SQLite file, checked against its chain before it is read.

## Secrets for captures of packets

`--keys FILE` names a log of TLS secrets (`SSLKEYLOGFILE`, RFC 9850), as browsers, curl, friTap and eCapture write it. A
log beside the capture is found by its name: that of the capture with `.keys`, `.keylog`, `.sslkeylog` or `.key.log`, or
`sslkeylog.log`, `sslkeylog.txt`, `sslkeylogfile.txt`, `keylog.txt` or `keys.log`. Secrets within a pcapng need no
option. A connection that no secret opens is listed as sealed, with the name the client asked for, its app if the capture
has it, and its size; bytes that the capture does not have are a gap, with their number.

## Not yet

What is said in QUIC and HTTP/3, TLS before 1.2, cipher suites with CCM, and fragments of IP are named and counted, not read; neither are
the messages of WebSockets in Fiddler's sessions and the bodies that a HAR names as files beside it. What is sent inside TLS that the capture did not open is listed as a gap.
";

#[test]
fn docs_name_every_format() {
    let mut page = HEAD.to_owned();
    for format in formats() {
        let _ = write!(page, "\n## {}\n\n{}.\n", format.name, format.says);
        if !format.conventions.is_empty() {
            page.push_str("\n| in the file | written by | read as |\n|---|---|---|\n");
        }
        for convention in format.conventions {
            let _ = writeln!(page, "| {} | {} | {} |", convention.what, convention.by, convention.read);
        }
    }
    page.push_str(FOOT);
    expect_file!["../../../docs/formats.md"].assert_eq(&page);
}
