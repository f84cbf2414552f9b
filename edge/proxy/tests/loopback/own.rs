//! What is Candor's own, this machine's, or its network's: who reaches it.

use std::{
    net::{IpAddr, SocketAddr, TcpListener as StdListener, UdpSocket},
    sync::{Arc, Mutex},
};

use model::Request;
use proxy::{DevicePairing, InternalHost, PageFuture, ProxySettings, StaticResponse, UpstreamSettings};
use tokio::{io::AsyncReadExt, net::TcpListener};

use crate::{
    lab::{Lab, echo, run, text, upstream},
    origin::Origin,
    upstream::{HELLO, Log, keeping, say},
};

/// Says who asked for what.
struct Pages;

impl InternalHost for Pages {
    fn owns(&self, host: &str) -> bool {
        host == "candor.test"
    }

    fn serve<'a>(&'a self, client: SocketAddr, request: &'a Request) -> PageFuture<'a> {
        Box::pin(async move {
            let text = format!("{} {} {}", client.ip(), request.url, request.body.bytes.len());
            StaticResponse::sinkhole(200, "text/plain", text)
        })
    }
}

pub(crate) fn at_home(settings: ProxySettings) -> ProxySettings {
    ProxySettings { home: Some(Arc::new(Pages)), ..settings }
}

#[tokio::test]
async fn our_own_pages_are_reached_by_their_name_on_every_route_and_not_recorded() {
    for settings in [at_home(ProxySettings::default()), at_home(upstream(UpstreamSettings::default()))] {
        let lab = Lab::with(settings, echo);
        let socks = format!("socks5h://{}", lab.address);
        for (arguments, says) in [
            (&["http://candor.test/1"][..], "127.0.0.1 http://candor.test/1 0"),
            (&["--http1.1", "-d", "abc", "https://candor.test/2"], "127.0.0.1 https://candor.test/2 3"),
            (&["--http2", "https://candor.test/3"], "127.0.0.1 https://candor.test/3 0"),
            (&["-p", "http://candor.test/4"], "127.0.0.1 http://candor.test/4 0"),
            (&["--proxy", &socks, "http://candor.test/5"], "127.0.0.1 http://candor.test/5 0"),
        ] {
            let out = lab.curl(arguments).await;
            assert_eq!(text(&out), says, "{}", String::from_utf8_lossy(&out.stderr));
        }
        assert_eq!(lab.stop().await.exchanges.len(), 0);
    }
}

#[tokio::test]
async fn this_machine_and_its_network_are_reached_only_if_they_were_named() {
    // A server that would answer: adb's, or a browser's debugging port, or a page of ours.
    let log = Log::default();
    let origin = Origin::clear(keeping(&log, HELLO)).await;
    let port = origin.address.port();
    let lab = Lab::with(
        ProxySettings { onward: proxy::ForwardMode::Upstream(UpstreamSettings::default()), ..ProxySettings::default() },
        echo,
    );
    let socks = format!("socks5h://{}", lab.address);
    let hosts = [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("0.0.0.0:{port}"),
        "127.0.0.1:5037".into(),
        "localhost:9222".into(),
        "[::1]:9222".into(),
        "169.254.169.254".into(),
        "[fd00:ec2::254]".into(),
        "192.168.1.1".into(),
        "10.0.0.1".into(),
        outward().map_or_else(|| "10.0.0.2".into(), |own| format!("{own}:{port}")),
    ];
    for host in hosts {
        let url = format!("http://{host}/");
        let out = lab.curl(&["-g", "-w", "%{http_code}", &url]).await;
        assert!(text(&out).ends_with("403") && text(&out).contains("--allow-upstream"), "{url}: {}", text(&out));
        // By CONNECT and by SOCKS there is not even a connection.
        assert!(!lab.curl(&["-g", "-p", &url]).await.status.success(), "{url}");
        assert!(!lab.curl(&["-g", "--proxy", &socks, &url]).await.status.success(), "{url}");
    }
    assert!(log.lock().unwrap().is_empty());
    let seen = lab.stop().await.exchanges;
    assert_eq!(seen.len(), 36);
    assert!(
        seen.iter().all(|one| one.response.as_ref().is_some_and(|answer| answer.status == 403 && answer.by == "proxy"))
    );
}

#[tokio::test]
async fn a_name_that_leads_to_a_socket_of_ours_leads_nowhere_even_if_named() {
    let page = StdListener::bind("127.0.0.1:0").unwrap();
    let own = page.local_addr().unwrap();
    let allowed = ["localhost".to_owned(), "127.0.0.1".into(), "::1".into()].into();
    let settings = upstream(UpstreamSettings { never: vec![own], allowed, ..UpstreamSettings::default() });
    let lab = Lab::with(settings, echo);
    for host in ["127.0.0.1", "localhost", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"] {
        let url = format!("http://{host}:{}/", own.port());
        let out = lab.curl(&["-g", "-w", "%{http_code}", &url]).await;
        assert!(text(&out).ends_with("403"), "{host}: {}", text(&out));
        assert!(!lab.curl(&["-g", "-p", &url]).await.status.success());
    }
    page.set_nonblocking(true).unwrap();
    let page = TcpListener::from_std(page).unwrap();
    let waited = tokio::time::timeout(std::time::Duration::from_millis(50), page.accept()).await;
    assert!(waited.is_err(), "somebody reached a socket of ours");
    drop(lab.stop().await);
}

/// A pairing, and the codes that the person at the computer sees.
fn told() -> (DevicePairing, Arc<Mutex<Vec<String>>>) {
    let codes = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&codes);
    let tell = move |_: IpAddr, code: &str| all.lock().unwrap().push(code.to_owned());
    (DevicePairing::new([], Box::new(tell)), codes)
}

/// An address of this machine that is not loopback, if there is one.
fn outward() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[tokio::test]
async fn a_device_beyond_this_machine_is_let_in_by_the_code_on_its_screen() {
    let Some(here) = outward() else {
        println!("skipped: this machine has no address but loopback");
        return;
    };
    let (pairing, codes) = told();
    let listener = StdListener::bind((here, 0)).unwrap();
    let settings = ProxySettings { pairing: Some(Arc::new(pairing)), ..at_home(ProxySettings::default()) };
    let lab = Lab::on(listener, settings, echo);
    let curl = async |arguments: &[&str]| text(&lab.curl(arguments).await);

    assert!(curl(&["http://a.example/"]).await.contains("Type the code"));
    assert!(curl(&["http://candor.test/"]).await.contains("Type the code"));
    let refused = lab.curl(&["https://a.example/"]).await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("403"));
    let socks = format!("socks5h://{}", lab.address);
    assert!(!run("curl", &["-sS", "--max-time", "9", "--proxy", &socks, "http://a.example/"]).await.status.success());

    assert!(curl(&["-d", "code=no", "http://a.example/candor-pairing"]).await.contains("not the code"));
    let code = format!("code={}", codes.lock().unwrap().last().unwrap());
    assert!(curl(&["-d", &code, "http://a.example/candor-pairing"]).await.contains("is paired"));
    assert_eq!(curl(&["http://a.example/"]).await, "GET 0");
    assert!(curl(&["https://candor.test/x"]).await.contains("candor.test/x"));

    let seen = lab.stop().await;
    assert_eq!(seen.exchanges.len(), 1, "nothing of a stranger is recorded");
    assert!(seen.notes.iter().filter(|note| note.code == "unpaired").count() >= 5);
    assert!(seen.notes.iter().all(|note| !note.says.contains("a.example")));
}

#[tokio::test]
async fn garbage_of_a_stranger_is_not_waited_for() {
    let Some(here) = outward() else {
        println!("skipped: this machine has no address but loopback");
        return;
    };
    let (pairing, codes) = told();
    let settings = ProxySettings { pairing: Some(Arc::new(pairing)), ..ProxySettings::default() };
    let lab = Lab::on(StdListener::bind((here, 0)).unwrap(), settings, echo);
    for bytes in [&b"\x16\x03\x01\x02"[..], b"\x05\x01\x00", b"get / x\r\n\r\n", b"GET nonsense\r\n\r\n", PREFACE] {
        let mut rest = Vec::new();
        say(&lab, bytes).await.read_to_end(&mut rest).await.unwrap_or_default();
        assert!(rest.is_empty(), "{bytes:?}");
    }
    assert!(codes.lock().unwrap().is_empty());
    assert_eq!(lab.stop().await.notes.len(), 5);
}

/// How HTTP/2 begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
