//! Flows as mitmproxy itself writes them.
//!
//! The mitmproxy that PyPI serves is installed into the target folder, writes
//! flows of every kind and the same as HAR, and both are read. Where it cannot
//! be had the test says so and passes.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test runs programs; the core does not")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use expect_test::expect;
use formats::{PieceItem, read};
use model::{Direction, Record};

/// Writes `flows.mitm` and `flows.zhar` into the folder it is given.
const SCRIPT: &str = r#"
import os, sys
from mitmproxy import io, http
from mitmproxy.addons.savehar import SaveHar
from mitmproxy.test import tflow, tutils
import json, zlib

def posted(body, kind, **more):
    headers = http.Headers(((b"host", b"a.example"), (b"content-type", kind)))
    for name, value in more.items():
        headers[name] = value
    request = tutils.treq(method=b"POST", scheme=b"https", port=443, host="198.18.0.1", authority=b"",
                          path=b"/p?q=1", headers=headers, content=body)
    return tflow.tflow(req=request, resp=tutils.tresp(content=b"hi"))

gzip = bytes.fromhex("1f8b08000000000000ffcb48cdc9c907008 6a6103605000000".replace(" ", ""))
flows = [
    posted("grüße".encode(), b"text/plain; charset=utf-8"),
    posted(b"\x00\xff\x80binary", b"application/octet-stream"),
    posted(gzip, b"application/json", content_encoding="gzip"),
    tflow.twebsocketflow(),
    tflow.ttcpflow(),
    tflow.tudpflow(),
    tflow.tdnsflow(),
]
folder = sys.argv[1]
with open(os.path.join(folder, "flows.mitm"), "wb") as out:
    writer = io.FlowWriter(out)
    for flow in flows:
        writer.add(flow)
har = json.dumps(SaveHar().make_har(flows), indent=4).encode()
with open(os.path.join(folder, "flows.zhar"), "wb") as out:
    out.write(zlib.compress(har, 9))
"#;

/// What a capture reads as, an exchange a line.
fn lines(path: &Path) -> String {
    let bytes = std::fs::read(path).expect("it was written");
    let mut lines = String::new();
    read(&mut &bytes[..], &mut |item| {
        lines.push_str(&match item {
            PieceItem::Record(Record::Exchange(exchange)) => {
                let mut line = format!("{} {} {}", exchange.index, exchange.request.method, exchange.request.url);
                line.push_str(&format!(" > {}", exchange.request.body.bytes.escape_ascii()));
                for message in &exchange.messages {
                    let arrow = if message.direction == Direction::FromClient { ">>" } else { "<<" };
                    line.push_str(&format!(" {arrow} {}", message.body.bytes.escape_ascii()));
                }
                line + "\n"
            }
            PieceItem::Record(_) => "another record\n".to_owned(),
            PieceItem::Gap(gap) => format!("{} ! {}\n", gap.place, gap.says),
        });
    })
    .expect("it is a capture");
    lines
}

/// A Python that has mitmproxy, or why there is none.
fn python() -> Result<PathBuf, &'static str> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mitmproxy");
    let python = home.join("bin/python");
    let has = |python: &Path| run(Command::new(python).args(["-c", "import mitmproxy.addons.savehar"]));
    if has(&python) {
        return Ok(python);
    }
    if !run(Command::new("python3").args(["-m", "venv"]).arg(&home)) {
        return Err("there is no python3 with venv");
    }
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "mitmproxy"];
    if !run(Command::new(&python).args(install)) || !has(&python) {
        return Err("mitmproxy cannot be had from PyPI");
    }
    Ok(python)
}

fn run(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn flows_that_mitmproxy_wrote_read_as_what_was_sent() {
    let python = match python() {
        Ok(python) => python,
        Err(why) => return println!("skipped: {why}"),
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mitmproxy-flows");
    std::fs::create_dir_all(&folder).expect("a scratch folder");
    assert!(run(Command::new(python).args(["-c", SCRIPT]).arg(&folder)), "mitmproxy writes flows");
    expect![[r#"
        0 POST https://a.example/p?q=1 > gr\xc3\xbc\xc3\x9fe
        1 POST https://a.example/p?q=1 > \x00\xff\x80binary
        2 POST https://a.example/p?q=1 > \x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00
        3 GET http://example.com/ws >  >> hello binary >> hello text << it\'s me
        4 TCP tcp://address:22/ >  >> hello << it\'s me
        5 UDP udp://address:22/ >  >> hello << it\'s me
        6 DNS dns://address:22/dns.google?type=1 > 
    "#]].assert_eq(&lines(&folder.join("flows.mitm")));
    expect![[r#"
        0 POST https://a.example/p?q=1 > gr\xc3\xbc\xc3\x9fe
        1 POST https://a.example/p?q=1 > \x00\xff\x80binary
        2 POST https://a.example/p?q=1 > \x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00
        3 GET http://example.com/ws >  >> hello binary >> hello text << it\'s me
    "#]].assert_eq(&lines(&folder.join("flows.zhar")));
}
