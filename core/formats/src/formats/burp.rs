//! Burp Suite's saved items (XML): requests and answers as bytes.
//!
//! Each `<item>` has its address in parts and both messages, in base64 if the
//! person left that on.

use base64::{Engine, engine::general_purpose::STANDARD};
use memchr::memmem;
use model::GapReason;

use super::{
    Format, PieceSink,
    raw_http::{self, RawTarget},
};
use crate::{
    piece::{CapturePiece, PieceItem, gap},
    refused::RefusedFile,
    source::CaptureSource,
    stamp,
};

pub(super) struct BurpItems;

const BEGIN: &[u8] = b"<item>";
const END: &[u8] = b"</item>";
/// Larger items are left out.
const ITEM: usize = 64 << 20;

impl Format for BurpItems {
    fn name(&self) -> &'static str {
        "burp"
    }

    fn says(&self) -> &'static str {
        "Items that Burp Suite saved (XML), base64 or not"
    }

    fn fits(&self, head: &[u8]) -> bool {
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        text.starts_with(b"<")
            && memmem::find(text, b"<items").is_some()
            && memmem::find(text, b"burpVersion").is_some()
    }

    fn cut(&self, source: &mut CaptureSource<'_>, each: &mut PieceSink<'_>) -> Result<u64, RefusedFile> {
        let mut index = 0;
        loop {
            let mut between = Vec::new();
            if up_to(source, BEGIN, &mut between) != Some(true) {
                if memmem::find(&between, b"</items>").is_none() {
                    let says = format!("the file ends early, after {index} items: the rest is missing");
                    let _ = each(CapturePiece::gap(index, GapReason::Cut, says));
                }
                return Ok(index);
            }
            let mut bytes = Vec::new();
            let piece = match up_to(source, END, &mut bytes) {
                Some(true) => CapturePiece::of(&BurpItems, index, bytes),
                Some(false) => CapturePiece::gap(
                    index,
                    GapReason::Budget,
                    format!("item {index} is larger than the budget allows"),
                ),
                None => {
                    CapturePiece::of(&BurpItems, index, bytes).but(GapReason::Cut, "the file ends within this item")
                }
            };
            index += 1;
            if each(piece).is_break() {
                return Ok(index);
            }
        }
    }

    fn read(&self, index: u64, bytes: &[u8], each: &mut dyn FnMut(PieceItem)) {
        let text = |name: &str| {
            element(bytes, name).map(|found| String::from_utf8_lossy(&found).into_owned()).unwrap_or_default()
        };
        let (Some(request), response) = (message(bytes, "request"), message(bytes, "response")) else {
            each(PieceItem::Gap(gap(Some(index), GapReason::Broken, "the item has no request that can be read")));
            return;
        };
        let target = RawTarget {
            host: text("host"),
            port: text("port").trim().parse().unwrap_or(443),
            is_tls: text("protocol").trim() == "https",
            at: stamp::time(&text("time")).unwrap_or_default(),
        };
        raw_http::read(index, target, &request, &response.unwrap_or_default(), each);
    }
}

/// Goes behind the next `mark` and keeps what stands before it: none if the
/// file ends first, false if it was more than the budget allows.
fn up_to(source: &mut CaptureSource<'_>, mark: &[u8], kept: &mut Vec<u8>) -> Option<bool> {
    let (mut tail, mut is_whole) = (Vec::new(), true);
    loop {
        let seen = source.look();
        if seen.is_empty() {
            kept.extend_from_slice(&tail);
            return None;
        }
        // The mark may lie across two windows.
        let before = tail.len();
        tail.extend_from_slice(seen);
        let (found, all) = (memmem::find(&tail, mark), seen.len());
        let ready = found.unwrap_or_else(|| tail.len().saturating_sub(mark.len() - 1));
        is_whole &= kept.len() + ready <= ITEM;
        if is_whole {
            kept.extend_from_slice(&tail[..ready]);
        }
        match found {
            Some(at) => {
                source.pass(at + mark.len() - before);
                return Some(is_whole);
            }
            None => source.pass(all),
        }
        tail.drain(..ready);
    }
}

/// A message: its bytes, in base64 if its element says so.
fn message(item: &[u8], name: &str) -> Option<Vec<u8>> {
    let (attributes, content) = tag(item, name)?;
    let content = characters(content);
    if memmem::find(attributes, b"base64=\"true\"").is_none() {
        return Some(content);
    }
    let digits: Vec<u8> = content.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(digits).ok()
}

fn element(item: &[u8], name: &str) -> Option<Vec<u8>> {
    tag(item, name).map(|(_, content)| characters(content))
}

/// Attributes and content of the first element of a name.
fn tag<'i>(item: &'i [u8], name: &str) -> Option<(&'i [u8], &'i [u8])> {
    let open = format!("<{name}");
    let starts = memmem::find_iter(item, open.as_bytes()).map(|at| at + open.len());
    let start = starts.into_iter().find(|at| matches!(item.get(*at), Some(b'>' | b' ')))?;
    let end_of_head = start + memchr::memchr(b'>', &item[start..])?;
    let content = &item[end_of_head + 1..];
    let close = format!("</{name}>");
    // A body may hold the end of the element, but not that of its CDATA section.
    let search_from = if content.starts_with(b"<![CDATA[") { memmem::find(content, b"]]>")? } else { 0 };
    let end = search_from + memmem::find(&content[search_from..], close.as_bytes())?;
    Some((&item[start..end_of_head], &content[..end]))
}

/// The text of an element: CDATA as it is, or with its entities replaced.
fn characters(content: &[u8]) -> Vec<u8> {
    if let Some(data) = content.trim_ascii().strip_prefix(b"<![CDATA[") {
        return data.strip_suffix(b"]]>").unwrap_or(data).to_vec();
    }
    const ENTITIES: [(&[u8], u8); 5] =
        [(b"&lt;", b'<'), (b"&gt;", b'>'), (b"&quot;", b'"'), (b"&apos;", b'\''), (b"&amp;", b'&')];
    let (mut out, mut rest) = (Vec::with_capacity(content.len()), content);
    while let Some((&first, after)) = rest.split_first() {
        let entity = ENTITIES.iter().find(|(entity, _)| first == b'&' && rest.starts_with(entity));
        out.push(entity.map_or(first, |(_, byte)| *byte));
        rest = entity.map_or(after, |(entity, _)| &rest[entity.len()..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::checks::{check, shown};

    /// As Burp Suite writes it.
    const ITEMS: &str = "<?xml version=\"1.0\"?>\n<!DOCTYPE items [\n<!ELEMENT items (item*)>\n]>\n\
        <items burpVersion=\"2023.1\" exportTime=\"Mon May 04 01:30:00 UTC 2020\">\n  <item>\n    <time>Mon May 04 01:30:00 UTC 2020</time>\n\
        <url><![CDATA[https://a.example:8443/x?q=1]]></url>\n    <host ip=\"192.0.2.1\">a.example</host>\n    <port>8443</port>\n\
        <protocol>https</protocol>\n    <method><![CDATA[POST]]></method>\n    <request base64=\"true\">\
        <![CDATA[UE9TVCAveD9xPTEgSFRUUC8yDQpIb3N0OiBhLmV4YW1wbGU6ODQ0Mw0KQ29udGVudC1MZW5ndGg6IDUNCg0KaGVsbG8=]]></request>\n\
        <status>200</status>\n    <response base64=\"false\"><![CDATA[HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n</item2>ok]]></response>\n  </item>\n\
        <item><host>b.example</host><port>80</port><protocol>http</protocol><request base64=\"false\">GET /a&amp;b HTTP/1.1\r\n\r\n</request><response/></item>\n\
        <item><host>c.example</host></item></items>\n";

    #[test]
    fn items_are_requests_in_base64_or_not() {
        check(
            ITEMS,
            expect![[r#"
                0 POST https://a.example:8443/x?q=1 HTTP/2
                  Host: a.example:8443
                  Content-Length: 5
                  > hello
                  200 < </item2>ok
                1 GET http://b.example/a&b HTTP/1.1
                2 entry ! Broken: the item has no request that can be read
            "#]],
        );
    }

    #[test]
    fn a_cut_file_says_so() {
        let cut = shown(&ITEMS.as_bytes()[..ITEMS.len() - 40]);
        assert!(cut.contains("1 GET") && cut.contains("! Cut: the file ends early, after 2 items"), "{cut}");
        let within = shown(&ITEMS.as_bytes()[..ITEMS.len() - 90]);
        assert!(within.contains("! Cut: the file ends within this item"), "{within}");
        for end in (0..ITEMS.len()).step_by(7) {
            shown(&ITEMS.as_bytes()[..end]);
        }
    }
}
