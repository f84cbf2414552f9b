//! Clients and circumstances that go wrong: each ends in a record that is true.

use std::time::Duration;

use model::SealReason;
use proxy::ProxySettings;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::lab::{Lab, echo, text};

async fn say(lab: &Lab, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(lab.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

async fn rest(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).await;
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn a_client_gone_in_mid_body_leaves_what_it_sent() {
    let lab = Lab::start();
    let stream = say(&lab, b"POST http://a.example/x HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf").await;
    drop(stream);
    let seen = lab.stop().await.only();
    assert_eq!((&seen.request.body.bytes[..], seen.request.body.cut_from), (&b"half"[..], Some(100)));
    assert!(seen.response.is_none());
}

#[tokio::test]
async fn a_request_under_way_when_the_proxy_stops_is_recorded() {
    let lab = Lab::with(ProxySettings { grace: Duration::from_millis(50), ..ProxySettings::default() }, echo);
    let mut stream =
        say(&lab, b"POST http://a.example/x HTTP/1.1\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n").await;
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).await.unwrap();
    stream.write_all(b"half").await.unwrap();
    let seen = lab.stop().await.only();
    assert_eq!(seen.request.body.cut_from, Some(100));
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order() {
    let lab = Lab::start();
    let two = b"POST http://a.example/1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\r\nGET http://a.example/2 HTTP/1.1\r\nConnection: close\r\n\r\n";
    let answers = rest(say(&lab, two).await).await;
    assert!(answers.find("POST 3").unwrap() < answers.find("GET 0").unwrap());
    let urls: Vec<String> = lab.stop().await.exchanges.into_iter().map(|seen| seen.request.url).collect();
    assert_eq!(urls, ["http://a.example/1", "http://a.example/2"]);
}

#[tokio::test]
async fn a_head_of_a_megabyte_is_taken_and_a_longer_one_refused() {
    let lab = Lab::start();
    let field = format!("Cookie: {}\r\n", "x".repeat(1_000_000));
    let head = |fields: &str| format!("GET http://a.example/ HTTP/1.1\r\nConnection: close\r\n{fields}\r\n");
    assert!(rest(say(&lab, head(&field).as_bytes()).await).await.ends_with("GET 0"));
    let long = format!("{field}{field}");
    let mut stream = TcpStream::connect(lab.address).await.unwrap();
    // The proxy may hang up before all of it was sent.
    let _ = stream.write_all(head(&long).as_bytes()).await;
    drop(rest(stream).await);
    let seen = lab.stop().await.exchanges;
    assert_eq!(seen[0].request.headers[1].value.len(), 1_000_000);
    assert_eq!(seen[1].seal.as_ref().unwrap().says, "the head of a request is longer than is taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_on_connecting_does_not_keep_a_proxy_from_its_end() {
    let lab = Lab::start();
    let address = lab.address;
    let busy = tokio::spawn(async move {
        // Until nobody listens any more, or for much longer than an end may take.
        for _ in 0..1_500 {
            if TcpStream::connect(address).await.is_err() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(lab.stop().await);
    assert!(busy.await.unwrap(), "it still listened");
}

#[tokio::test]
async fn large_header_lists_pass_over_http2() {
    let lab = Lab::start();
    let cookie = format!("Cookie: {}", "x".repeat(60_000));
    assert_eq!(text(&lab.curl(&["--http2", "-H", &cookie, "https://a.example/"]).await), "GET 0");
    assert_eq!(lab.stop().await.only().request.header("cookie").unwrap().len(), 60_000);
}

#[tokio::test]
async fn a_slow_head_is_not_waited_for_without_end() {
    let lab = Lab::with(ProxySettings { head_time: Duration::from_millis(200), ..ProxySettings::default() }, echo);
    let stream = say(&lab, b"GET http://a.example/ HTTP/1.1\r\nA: ").await;
    assert!(rest(stream).await.starts_with("HTTP/1.1 400 "));
    let seen = lab.stop().await.only();
    assert_eq!(seen.seal.unwrap().says, "the head of a request did not come to its end");
}

#[tokio::test]
async fn a_head_that_drips_is_not_waited_for_without_end_either() {
    let lab = Lab::with(ProxySettings { head_time: Duration::from_millis(300), ..ProxySettings::default() }, echo);
    let mut stream = say(&lab, b"GET http://a.example/ HTTP/1.1\r\nA: ").await;
    // Each byte comes long before patience for one is over.
    for _ in 0..500 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if stream.write_all(b"x").await.is_err() {
            break;
        }
    }
    let seen = lab.stop().await.only();
    assert_eq!(seen.seal.unwrap().says, "the head of a request did not come to its end");
}

#[tokio::test]
async fn a_body_without_end_is_cut_off_and_counted() {
    let lab = Lab::with(ProxySettings { swallow_limit: 100_000, body_limit: 10, ..ProxySettings::default() }, echo);
    let mut stream = say(&lab, b"POST http://a.example/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    while stream.write_all(b"5\r\nhello\r\n").await.is_ok() {}
    let seen = lab.stop().await.exchanges;
    assert_eq!(&seen[0].request.body.bytes[..], b"hellohello");
    assert!(seen[0].request.body.cut_from.unwrap() > 100_000);
    assert_eq!(seen[1].seal.as_ref().unwrap().reason, SealReason::UnknownProtocol);
}

#[tokio::test]
async fn a_request_that_is_none_is_refused_and_sealed() {
    let lab = Lab::start();
    assert!(rest(say(&lab, b"GET nonsense\r\n\r\n").await).await.starts_with("HTTP/1.1 400 "));
    let two = b"POST http://a.example/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab";
    assert!(rest(say(&lab, two).await).await.starts_with("HTTP/1.1 400 "));
    let seen = lab.stop().await.exchanges;
    assert_eq!(seen[0].seal.as_ref().unwrap().says, "the head of a request could not be read");
    assert_eq!(seen[1].request.url, "http://a.example/");
    assert_eq!(seen[2].seal.as_ref().unwrap().says, "two different lengths");
}

#[tokio::test]
async fn ten_thousand_idle_connections_disturb_nobody() {
    const CONNECTIONS: usize = 10_000;
    // Each has two ends, and both are in this process.
    let enough = u64::try_from(2 * CONNECTIONS + 500).unwrap();
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    if limit.maximum.is_some_and(|most| most < enough) {
        println!("one thousand only: {:?} open files are allowed, {enough} are needed", limit.maximum);
    } else {
        let raised = rustix::process::Rlimit { current: Some(enough), maximum: limit.maximum };
        rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
    }
    let allowed = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let count = if allowed.is_none_or(|most| most >= enough) { CONNECTIONS } else { 1_000 };
    let lab = Lab::start();
    let mut idle = Vec::new();
    for _ in 0..count {
        idle.push(TcpStream::connect(lab.address).await.unwrap());
    }
    assert_eq!(text(&lab.curl(&["https://a.example/"]).await), "GET 0");
    let seen = lab.stop().await;
    assert_eq!((seen.exchanges.len(), seen.notes.len()), (1, 0));
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, body: &[u8]) -> Vec<u8> {
    [&[0, 0, body.len() as u8, kind, flags, 0, 0, 0, stream][..], body].concat()
}

/// Reads until these bytes were said.
async fn hear(stream: &mut TcpStream, wanted: &[u8]) {
    let mut all = Vec::new();
    while !all.windows(wanted.len()).any(|part| part == wanted) {
        all.push(stream.read_u8().await.unwrap());
    }
}

#[tokio::test]
async fn a_request_that_is_taken_back_leaves_what_was_sent() {
    // POST http://a.example/one, and GET http://a.example/two (RFC 7541, appendix A).
    const ONE: &[u8] = b"\x83\x86\x04\x04/one\x01\x09a.example";
    const TWO: &[u8] = b"\x82\x86\x04\x04/two\x01\x09a.example";
    const CANCEL: &[u8] = &[0, 0, 0, 8];
    let (headers, data, reset, settings, ping) = (1, 0, 3, 4, 6);
    let lab = Lab::start();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let asked = [preface, frame(settings, 0, 0, b""), frame(headers, 4, 1, ONE), frame(data, 0, 1, b"half")].concat();
    let mut stream = say(&lab, &[asked, frame(ping, 0, 0, b"question")].concat()).await;
    hear(&mut stream, &frame(ping, 1, 0, b"question")).await;
    let taken_back = [frame(reset, 0, 1, CANCEL), frame(headers, 5, 3, TWO)].concat();
    stream.write_all(&taken_back).await.unwrap();
    hear(&mut stream, b"GET 0").await;
    drop(stream);
    let mut seen = lab.stop().await.exchanges;
    seen.sort_by(|one, other| one.request.url.cmp(&other.request.url));
    let answered: Vec<bool> = seen.iter().map(|one| one.response.is_some()).collect();
    assert_eq!(answered, [false, true]);
    assert_eq!((&seen[0].request.body.bytes[..], seen[0].request.body.cut_from), (&b"half"[..], Some(4)));
}
