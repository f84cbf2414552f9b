//! curl sends, and what it sent is in the record.

use model::IngressKind;
use proxy::ProxySettings;

use crate::lab::{Lab, noise, run, text};

fn names(headers: &[model::Header]) -> Vec<&str> {
    headers.iter().map(|header| header.name.as_str()).collect()
}

#[tokio::test]
async fn a_request_in_clear_is_recorded_as_it_was_sent() {
    let lab = Lab::start();
    let out = lab.curl(&["-H", "x-ODD: 1", "-H", "Cookie: a=1", "http://a.example/p?q=1#f"]).await;
    assert_eq!(text(&out), "GET 0");
    let seen = lab.stop().await.only();
    assert_eq!(seen.request.url, "http://a.example/p?q=1");
    assert_eq!(seen.request.version, "HTTP/1.1");
    assert_eq!(names(&seen.request.headers), ["Host", "User-Agent", "Accept", "Proxy-Connection", "x-ODD", "Cookie"]);
    assert_eq!(seen.inlet, IngressKind::Proxy);
    assert!(seen.client.hello.is_none());
    let response = seen.response.unwrap();
    assert_eq!((response.status, &response.body.bytes[..], &response.by[..]), (200, &b"GET 0"[..], "sinkhole"));
    assert!(seen.ended.unwrap() >= seen.started);
}

#[tokio::test]
async fn a_body_over_tls_arrives_byte_for_byte() {
    let body = noise(300_000);
    for version in ["--http1.1", "--http2"] {
        let lab = Lab::start();
        std::fs::write(lab.file("body"), &body).unwrap();
        let data = format!("@{}", lab.file("body"));
        let out = lab.curl(&[version, "-H", "Content-Type: x/y", "--data-binary", &data, "https://a.example/up"]).await;
        assert_eq!(text(&out), "POST 300000", "{version}");
        let seen = lab.stop().await.only();
        assert_eq!(seen.request.url, "https://a.example/up");
        assert!(seen.request.body.bytes[..] == body[..], "{version}");
        assert_eq!(seen.request.body.cut_from, None);
        assert_eq!(seen.request.header("content-type"), Some(&b"x/y"[..]));
        assert_eq!(seen.request.version, if version == "--http2" { "HTTP/2" } else { "HTTP/1.1" });
    }
}

#[tokio::test]
async fn a_body_in_chunks_is_recorded_without_them() {
    let body = noise(100_000);
    let lab = Lab::start();
    std::fs::write(lab.file("body"), &body).unwrap();
    let arguments = ["--http1.1", "-H", "Expect: 100-continue", "-T", &lab.file("body"), "https://a.example/up"];
    let chunked = [&["-H", "Transfer-Encoding: chunked"], &arguments[..]].concat();
    assert_eq!(text(&lab.curl(&chunked).await), "PUT 100000");
    assert_eq!(text(&lab.curl(&arguments).await), "PUT 100000");
    let seen = lab.stop().await;
    assert!(seen.exchanges.iter().all(|seen| seen.request.body.bytes[..] == body[..]));
}

#[tokio::test]
async fn a_client_is_known_by_its_hello_and_its_settings() {
    let lab = Lab::start();
    lab.curl(&["--http2", "https://a.example/"]).await;
    let seen = lab.stop().await.only();
    let hello = seen.client.hello.clone().unwrap();
    assert_eq!(hello.ja4, "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6");
    assert_eq!((hello.sni.as_deref(), &hello.alpn[..]), (Some("a.example"), &["h2".into(), "http/1.1".into()][..]));
    assert_eq!(hello.raw[0], 1);
    let http2 = seen.client.http2.clone().unwrap();
    assert!(http2.ends_with("|0|m,p,s,a"), "{http2}");
}

#[tokio::test]
async fn requests_of_one_connection_share_its_number() {
    for version in ["--http1.1", "--http2"] {
        let lab = Lab::start();
        lab.curl(&[version, "https://a.example/1", "https://a.example/2", "https://b.example/"]).await;
        let seen = lab.stop().await.exchanges;
        assert_eq!(seen.len(), 3);
        assert_eq!(seen[0].connection, seen[1].connection);
        assert_ne!(seen[1].connection, seen[2].connection);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_cut_and_says_so() {
    let body = noise(50_000);
    for version in ["--http1.1", "--http2"] {
        let lab = Lab::with(ProxySettings { body_limit: 1_000, ..ProxySettings::default() }, crate::lab::echo);
        std::fs::write(lab.file("body"), &body).unwrap();
        lab.curl(&[version, "--data-binary", &format!("@{}", lab.file("body")), "https://a.example/"]).await;
        let seen = lab.stop().await.only().request.body;
        assert_eq!((&seen.bytes[..], seen.cut_from), (&body[..1_000], Some(50_000)));
    }
}

#[tokio::test]
async fn an_answer_has_the_fields_that_are_recorded() {
    for version in ["--http1.1", "--http2"] {
        let lab = Lab::start();
        let out = lab.curl(&[version, "--head", "https://a.example/"]).await;
        let shown = text(&out).to_lowercase();
        let response = lab.stop().await.only().response.unwrap();
        assert!(response.body.bytes.is_empty());
        for header in &response.headers {
            let line = format!("{}: {}\r\n", header.name, String::from_utf8_lossy(&header.value)).to_lowercase();
            assert!(shown.contains(&line), "{shown} lacks {line}");
        }
        assert!(shown.find("x-first").unwrap() < shown.find("x-second").unwrap());
    }
}

#[tokio::test]
async fn an_address_without_a_name_is_served_too() {
    let lab = Lab::start();
    let out = lab.curl(&["https://192.0.2.7:8443/x"]).await;
    assert_eq!(text(&out), "GET 0");
    assert_eq!(lab.stop().await.only().request.url, "https://192.0.2.7:8443/x");
}

#[tokio::test]
async fn a_proxy_is_spoken_to_over_tls_too() {
    let lab = Lab::start();
    let (proxy, ca) = (format!("https://127.0.0.1:{}", lab.address.port()), lab.file("ca.pem"));
    for url in ["http://a.example/1", "https://a.example/2"] {
        let out = run("curl", &["-sS", "--proxy", &proxy, "--proxy-cacert", &ca, "--cacert", &ca, url]).await;
        assert_eq!(text(&out), "GET 0", "{}", String::from_utf8_lossy(&out.stderr));
    }
    let urls: Vec<String> = lab.stop().await.exchanges.into_iter().map(|seen| seen.request.url).collect();
    assert_eq!(urls, ["http://a.example/1", "https://a.example/2"]);
}

#[tokio::test]
async fn the_program_behind_a_connection_is_named() {
    let settings = ProxySettings { processes: Some("/proc/net".into()), ..ProxySettings::default() };
    let lab = Lab::with(settings, crate::lab::echo);
    lab.curl(&["https://a.example/"]).await;
    let process = lab.stop().await.only().client.process.clone().unwrap();
    assert_eq!(process.name, "curl");
    assert!(process.path.ends_with("/curl") && process.pid > 1);
}
