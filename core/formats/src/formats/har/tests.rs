use std::io::Write;

use expect_test::expect;
use flate2::{Compression, write::ZlibEncoder};

use crate::checks::{check, shown};

fn har(entries: &str) -> String {
    format!(r#"{{"log":{{"version":"1.2","creator":{{"name":"a","version":"1"}},"entries":[{entries}]}}}}"#)
}

fn post(data: &str) -> String {
    post_with("", data)
}

fn post_with(headers: &str, data: &str) -> String {
    har(&format!(r#"{{"request":{{"method":"POST","url":"https://a.example/","headers":[{headers}],{data}}}}}"#))
}

#[test]
fn an_entry_is_a_request_and_its_answer() {
    check(
        har(
            r#"{"startedDateTime":"2020-05-04T01:30:00Z","time":5,"request":{"method":"GET","url":"https://a.example:443/p?q=1#part","httpVersion":"h3-29","headers":[{"name":":path","value":"/p"},{"name":"Accept","value":"*/*"}]},
            "response":{"status":200,"httpVersion":"h2","headers":[],"content":{"size":2,"mimeType":"text/html","text":"hi"}}},
           {"request":{"method":"GET","url":"http://b.example"}}"#,
        ),
        expect![[r#"
            0 GET https://a.example/p?q=1 HTTP/3
              Accept: */*
              200 < hi
            1 GET http://b.example/ 
        "#]],
    );
}

#[test]
fn headers_are_objects_pairs_or_one_object() {
    for headers in
        [r#"[{"name":"A","value":"1"},{"name":"B","value":2}]"#, r#"[["A","1"],["B","2"]]"#, r#"{"A":"1","B":["2"]}"#]
    {
        let shown =
            shown(har(&format!(r#"{{"request":{{"url":"https://a.example/","headers":{headers}}}}}"#)).as_bytes());
        assert_eq!(shown, "0 GET https://a.example/ \n  A: 1\n  B: 2\n", "{headers}");
    }
}

#[test]
fn what_is_only_listed_becomes_part_of_the_request() {
    check(
        har(
            r#"{"request":{"url":"https://a.example/","queryString":[{"name":"q","value":"a%20b"}],"cookies":[{"name":"id","value":"7"},{"name":"n","value":"8"}]}}"#,
        ),
        expect![[r#"
            0 GET https://a.example/?q=a%20b 
              Cookie: id=7; n=8
        "#]],
    );
}

#[test]
fn base64_is_undone_where_it_is_marked() {
    check(
        post(r#""postData":{"mimeType":"x","text":"H4sI","encoding":"base64"}"#),
        expect![[r#"
        0 POST https://a.example/ 
          > \x1f\x8b\x08
    "#]],
    );
    check(
        post(
            r#""_requestBodyStatus":"discarded:not-representable","_content":{"text":"//4AAQ==","size":4,"encoding":"base64"}"#,
        ),
        expect![[r#"
        0 POST https://a.example/ 
          > \xff\xfe\x00\x01
    "#]],
    );
    check(
        post(r#""postData":{"text":"no base64!","encoding":"base64"}"#),
        expect![[r#"
        0 POST https://a.example/ 
          > no base64!
        0 body ! Broken: the capture says that the body is base64, and it is not
    "#]],
    );
}

#[test]
fn a_character_a_byte_is_seen_by_what_it_says() {
    // UTF-8 read as Latin-1, gzip read as Latin-1, and text that is neither.
    for (written, meant) in [
        (r"GrÃ¼Ã\u009fe", "Grüße".as_bytes()),
        (r"\u001f\u008b\u0008\u0000ÿ", b"\x1f\x8b\x08\0\xff"),
        ("Grüße", "Grüße".as_bytes()),
    ] {
        let expected =
            shown(post(&format!(r#""postData":{{"text":"{}","encoding":"base64"}}"#, base64(meant))).as_bytes());
        assert_eq!(shown(post(&format!(r#""postData":{{"text":"{written}"}}"#)).as_bytes()), expected, "{written}");
    }
}

#[test]
fn the_length_decides_between_text_and_bytes() {
    let with = |length: u32| shown(post(&format!(r#""bodySize":{length},"postData":{{"text":"Ã¼"}}"#)).as_bytes());
    assert_eq!(with(2), "0 POST https://a.example/ \n  > ü\n");
    assert_eq!(with(4), "0 POST https://a.example/ \n  > Ã¼\n");
}

#[test]
fn lone_surrogates_are_the_bytes_they_stand_for() {
    check(
        post(r#""postData":{"text":"a\udcffb\udc80ü\ud83d\ude00\ud83d"}"#),
        expect![[r#"
        0 POST https://a.example/ 
          > a\xffb\x80\xc3\xbc\xf0\x9f\x98\x80\xef\xbf\xbd
        0 body ! Missing: the program that wrote the capture replaced bytes of the body that it could not show
    "#]],
    );
}

#[test]
fn a_form_is_made_of_its_fields() {
    check(
        post(
            r#""postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"a","value":"x y/ü"},{"name":"b"}]}"#,
        ),
        expect![[r#"
        0 POST https://a.example/ 
          > a=x%20y%2F%C3%BC&b
    "#]],
    );
    check(
        post(
            r#""postData":{"mimeType":"application/x-www-form-urlencoded","text":"","params":[{"name":"a","value":"x%20y+z"}]}"#,
        ),
        expect![[r#"
        0 POST https://a.example/ 
          > a=x%20y+z
    "#]],
    );
    check(
        post(
            r#""postData":{"mimeType":"multipart/form-data; boundary=B","params":[{"name":"f","value":"v","fileName":"n.txt"}]}"#,
        ),
        expect![[r#"
            0 POST https://a.example/ 
              > --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\n\r\nv\r\n--B--\r\n
        "#]],
    );
}

#[test]
fn a_body_that_is_not_there_is_said() {
    check(
        post_with(r#"{"name":"Content-Length","value":"12"}"#, r#""postData":{"mimeType":"x"}"#),
        expect![[r#"
        0 POST https://a.example/ 
          Content-Length: 12
        0 body ! Missing: the request had a body, and the capture does not have it
    "#]],
    );
}

#[test]
fn messages_of_a_web_socket_belong_to_it() {
    check(
        har(
            r#"{"request":{"url":"wss://a.example/s"},"_webSocketMessages":[{"type":"send","time":1588555800.5,"opcode":1,"data":"hello"},{"type":"receive","time":1,"opcode":2,"data":"AAE="}]}"#,
        ),
        expect![[r#"
            0 GET wss://a.example/s 
              >> hello
              << binary \x00\x01
        "#]],
    );
}

#[test]
fn what_could_not_be_read_is_sealed() {
    check(
        r#"{"log":{"entries":[{"request":{"method":"CONNECT","url":"https://pinned.example:443"}}],"_tlsErrors":[{"hostname":"h"},{}]}}"#,
        expect![[r#"
            0 CONNECT https://pinned.example/ 
              sealed: the capture has the tunnel, not what went through it
            capture ! Sealed: 2 connections were not let in by TLS: what they carried is not in the capture
        "#]],
    );
}

#[test]
fn a_bad_entry_is_a_gap_and_the_next_one_follows() {
    check(
        har(
            r#"null, 7, "text", [1], {}, {"request":{"url":"https://a.example/","bodySize":}}, {"request":5}, {"request":{"url":"https://b.example/"},}"#,
        ),
        expect![[r#"
            capture ! Broken: entry 0 is not an object
            capture ! Broken: entry 1 is not an object
            capture ! Broken: entry 2 is not an object
            capture ! Broken: entry 3 is not an object
            4 entry ! Missing: the entry has no request with an address
            5 GET https://a.example/ 
            5 entry ! Broken: the entry is broken JSON from some place on
            6 entry ! Missing: the entry has no request with an address
            7 GET https://b.example/ 
        "#]],
    );
}

#[test]
fn a_cut_file_gives_what_it_has() {
    let whole = har(
        r#"{"request":{"url":"https://a.example/"}},{"request":{"url":"https://b.example/","method":"POST","postData":{"text":"a long one"}}}"#,
    );
    check(
        &whole[..whole.len() - 11],
        expect![[r#"
            0 GET https://a.example/ 
            1 POST https://b.example/ 
              > a long
            1 body ! Cut: the body was longer than the budget allows, or than the file
            1 entry ! Cut: the file ends within this entry
            capture ! Cut: the file ends early, after 2 entries: the rest is missing
        "#]],
    );
    for end in 0..whole.len() {
        shown(&whole.as_bytes()[..end]);
    }
}

#[test]
fn a_packed_file_and_a_byte_order_mark_are_no_obstacle() {
    let plain = har(r#"{"request":{"url":"https://a.example/"}}"#);
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let marked = format!("\u{feff} {plain}");
    assert_eq!(shown(&packed), shown(plain.as_bytes()));
    assert_eq!(shown(marked.as_bytes()), shown(plain.as_bytes()));
    check(
        &packed[..packed.len() - 20],
        expect![[r#"
        0 entry ! Cut: the file ends within this entry
        capture ! Cut: the file ends early, after 1 entries: the rest is missing
        capture ! Cut: the compressed file is cut or broken; what could be unpacked was read
    "#]],
    );
}

#[test]
fn what_is_no_har_is_refused_in_one_sentence() {
    let mut all = String::new();
    for file in [
        "",
        " \n",
        "{}",
        r#"{"log":{"version":"1.2"}}"#,
        r#"{"log":"#,
        "[1,2]",
        "hello",
        "PK\u{3}\u{4}",
        "\u{a}\u{d}\u{d}\u{a}",
        "\u{0}\u{1}",
    ] {
        all.push_str(&shown(file.as_bytes()));
    }
    expect![[r#"
        refused: is empty
        refused: is empty
        refused: is not a capture: it is JSON, but has no `log.entries`
        refused: is not a capture: it is JSON, but has no `log.entries`
        refused: is not a capture: it is JSON that ends before `log.entries`
        refused: is not a capture: it is no format that is known
        refused: is not a capture: it is no format that is known
        refused: is not a capture: it is a ZIP archive in which there is no capture that can be read
        refused: is empty
        refused: is not a capture: it is a binary file of no kind that we know
    "#]]
    .assert_eq(&all);
}

#[test]
fn an_entry_beyond_the_budget_keeps_its_head() {
    let body = "x".repeat(40 << 20);
    let capture = har(&format!(
        r#"{{"request":{{"url":"https://a.example/","method":"POST","postData":{{"text":"{body}"}}}},"response":{{"status":204}}}},{{"request":{{"url":"https://b.example/"}}}}"#
    ));
    let mut lines = Vec::new();
    crate::read(&mut capture.as_bytes(), &mut |item| {
        lines.push(match item {
            crate::PieceItem::Record(model::Record::Exchange(exchange)) => {
                format!(
                    "{} {} {}",
                    exchange.request.url,
                    exchange.request.body.bytes.len() >> 20,
                    exchange.response.is_some()
                )
            }
            crate::PieceItem::Record(_) => "a record".into(),
            crate::PieceItem::Gap(gap) => gap.says,
        });
    })
    .unwrap();
    expect![[r#"
        https://a.example/ 16 false
        the body was longer than the budget allows, or than the file
        the entry is larger than the budget allows: long texts in it were cut
        https://b.example/ 0 false"#]]
    .assert_eq(&lines.join("\n"));
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

const ENTRY: &str =
    r#"{"startedDateTime":"2020-05-04T01:30:00Z","request":{"method":"GET","url":"https://a.example/1"}}"#;

/// Addresses of what is read, and what is said.
fn read_of(capture: impl AsRef<[u8]>) -> (usize, String) {
    let shown = shown(capture.as_ref());
    (shown.lines().filter(|line| line.contains(" GET ")).count(), shown)
}

#[test]
fn hars_in_a_row_in_a_list_by_line_and_within_others_are_one_capture() {
    let one = har(ENTRY);
    let pretty = one.replace('{', "{\n ");
    for (capture, entries) in [
        (format!("{one}{one}"), 2),
        (format!("{one}\n{one}\n"), 2),
        (format!("{pretty}\r\n{one}"), 2),
        (format!("[{one},{one},{one}]"), 3),
        (format!("{ENTRY}\n{ENTRY}\n{ENTRY}\n"), 3),
        (format!("[{ENTRY},{ENTRY}]"), 2),
        (format!(r#"{{"har":{one}}}"#), 1),
        (format!(r#"{{"id":1,"result":{{"har":{one},"ok":true}}}}"#), 1),
        (format!(r#"{{"hars":[{one},{one}]}}"#), 2),
        (format!(r#"{{"requests":[{ENTRY},{ENTRY}]}}"#), 2),
        (format!("\u{1e}{one}\n\u{1e}{one}\n"), 2),
    ] {
        let (read, shown) = read_of(&capture);
        assert_eq!(read, entries, "{capture}\n{shown}");
        assert!(!shown.contains(" ! "), "{capture}\n{shown}");
    }
}

#[test]
fn lists_of_other_things_are_no_captures() {
    for other in
        [r#"{"pairs":[{"canary":"a","request":3}]}"#, r#"[{"id":1},{"request":"GET /"}]"#, r#"{"canaries":[]}"#]
    {
        assert!(shown(other.as_bytes()).starts_with("refused: "), "{other}");
    }
}

#[test]
fn what_follows_the_end_and_is_no_har_is_a_gap() {
    for more in ["<!-- end -->", "and some words", "0"] {
        let (read, shown) = read_of(format!("{}{more}", har(ENTRY)));
        assert_eq!(read, 1);
        assert!(shown.contains("more follow after the end of the HAR"), "{shown}");
    }
}

#[test]
fn a_body_of_another_type_is_the_json_that_stands_there() {
    for (data, body) in [
        (r#""postData":{"mimeType":"x","text":{"mail":"a@b.example"}}"#, r#"{"mail":"a@b.example"}"#),
        (r#""postData":{"text":[1, 2]}"#, "[1, 2]"),
        (r#""postData":{"text":17}"#, "17"),
        (r#""postData":[{"mail":"a@b.example"}]"#, r#"[{"mail":"a@b.example"}]"#),
        (r#""postData":{"mail":"a@b.example"}"#, r#"{"mail":"a@b.example"}"#),
        (r#""postData":{"params":"a=b"}"#, "a=b"),
        (r#""postData":{"params":[{"name":"d","value":{"a":1}}]}"#, "d=%7B%22a%22%3A1%7D"),
    ] {
        let shown = shown(post(data).as_bytes());
        assert!(shown.contains(&format!("  > {body}\n")), "{data}\n{shown}");
    }
}

#[test]
fn addresses_that_are_not_sent_are_left_out_and_those_without_a_host_get_theirs() {
    let entry = |url: &str| {
        format!(r#"{{"request":{{"url":"{url}","headers":[{{"name":"Host","value":"api.example:8080"}}]}}}}"#)
    };
    for local in ["data:text/plain,x", "blob:https://a.example/1", "about:blank", "chrome-extension://x/y", "FILE:///x"]
    {
        assert_eq!(shown(har(&entry(local)).as_bytes()), "", "{local}");
    }
    for (url, is) in [
        ("/a?b=c", "http://api.example:8080/a?b=c"),
        ("//cdn.example/x", "http://cdn.example/x"),
        ("?q=1", "http://api.example:8080/?q=1"),
    ] {
        assert!(shown(har(&entry(url)).as_bytes()).contains(&format!("GET {is} ")), "{url}");
    }
}

#[test]
fn text_of_windows_and_packed_files_are_read() {
    let text = har(r#"{"request":{"url":"https://a.example/ü😀"}}"#);
    let utf16 = |bytes: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        format!("{mark}{text}").encode_utf16().flat_map(bytes).collect()
    };
    for capture in [
        utf16(u16::to_le_bytes, "\u{feff}"),
        utf16(u16::to_be_bytes, "\u{feff}"),
        utf16(u16::to_le_bytes, ""),
        ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest),
        ruzstd::encoding::compress_to_vec(
            &utf16(u16::to_le_bytes, "\u{feff}")[..],
            ruzstd::encoding::CompressionLevel::Fastest,
        ),
    ] {
        assert_eq!(shown(&capture), "0 GET https://a.example/ü😀 \n");
    }
}
