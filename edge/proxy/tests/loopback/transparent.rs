//! Connections that the kernel redirects, in a namespace of the test's own.
//!
//! Inside it the default route is the loopback device, so that nothing can leave;
//! nft sends every TCP connection to the proxy and every question of DNS to the
//! responder.

use std::{fs::File, io::Write, net::TcpListener, os::fd::AsFd, process::Stdio, sync::Arc};

use model::{IngressKind, Record, Request};
use proxy::{
    ProxySettings, UpstreamSettings,
    dns::{DnsResponder, NameAddresses},
};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::sync::mpsc;

use crate::{
    lab::{Lab, echo, run, text, upstream},
    origin::{Origin, answer},
};

/// A network namespace that is gone with this value.
struct Namespace(String);

impl Namespace {
    /// None where none can be made; says why.
    fn new(name: &str) -> Option<Self> {
        let name = format!("candor-{name}-{}", std::process::id());
        let made = command("ip", &["netns", "add", &name], "");
        if !made {
            println!("skipped: no right to make network namespaces");
            return None;
        }
        let namespace = Self(name);
        for rule in ["link set lo up", "route add default dev lo src 127.0.0.1", "-6 route add default dev lo src ::1"]
        {
            let words: Vec<&str> = ["-n", &namespace.0].into_iter().chain(rule.split(' ')).collect();
            assert!(command("ip", &words, ""), "ip {rule}");
        }
        Some(namespace)
    }

    fn redirect(&self, tcp: u16, dns: u16) -> bool {
        let rules = format!(
            "table inet candor {{ chain out {{ type nat hook output priority -100;
             udp dport 53 redirect to :{dns}; tcp dport 53 redirect to :{dns};
             tcp dport != {tcp} redirect to :{tcp};\n }}\n }}\n"
        );
        command("ip", &["netns", "exec", &self.0, "nft", "-f", "-"], &rules)
    }

    /// What `make` gives, made by a thread inside.
    fn inside<T: Send + 'static>(&self, make: impl FnOnce() -> T + Send + 'static) -> T {
        let path = format!("/run/netns/{}", self.0);
        let work = move || {
            let file = File::open(path).unwrap();
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            make()
        };
        std::thread::spawn(work).join().unwrap()
    }

    async fn run(&self, arguments: &[&str]) -> std::process::Output {
        run("ip", &[&["netns", "exec", &self.0], arguments].concat()).await
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        command("ip", &["netns", "del", &self.0], "");
    }
}

fn command(program: &str, arguments: &[&str], input: &str) -> bool {
    let child = std::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return false };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait().unwrap().success()
}

#[tokio::test]
async fn what_ignores_the_proxy_arrives_with_its_target() {
    let Some(namespace) = Namespace::new("redirected") else { return };
    let (listener, udp, tcp) = namespace.inside(|| {
        let listener = TcpListener::bind("[::]:0").unwrap();
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let tcp = TcpListener::bind(udp.local_addr().unwrap()).unwrap();
        (listener, udp, tcp)
    });
    let port = listener.local_addr().unwrap().port();
    assert!(namespace.redirect(port, udp.local_addr().unwrap().port()));

    let (sink, mut questions) = mpsc::channel(1_000);
    let addresses = Arc::new(NameAddresses::default());
    let responder = DnsResponder::serve(udp, Some(tcp), Arc::clone(&addresses), Arc::new(sink), Some(1)).unwrap();
    let settings =
        ProxySettings { expects: Some(IngressKind::Proxy), addresses: Some(addresses), ..ProxySettings::default() };
    let lab = Lab::on(listener, settings, echo);
    let ca = lab.file("ca.pem");
    let proxy = format!("http://127.0.0.1:{port}");

    for arguments in [
        &["curl", "-sS", "--cacert", &ca, "https://direct.example/secure"][..],
        &["curl", "-sS", "--http1.1", "http://direct.example:8080/clear"],
        &["curl", "-sS", "--proxy", &proxy, "--cacert", &ca, "https://asked.example/"],
        &["curl", "-sS", "-g", "--cacert", &ca, "https://[2001:db8::7]/six"],
        &["curl", "-sS", "--cacert", &ca, "-H", "Host: visited.example", "https://collector.example/fronted"],
        &["curl", "-sS", "-H", "Host: visited.example", "http://collector.example/clear"],
        // Under the name of a site in hello and request, to the collector's address.
        &["curl", "-sS", "--cacert", &ca, "--connect-to", "::collector.example:", "https://visited.example/hello"],
        // To an address for which nobody was asked.
        &["curl", "-sS", "--cacert", &ca, "--connect-to", "::192.0.2.66:", "https://visited.example/hard-coded"],
    ] {
        let out = namespace.run(arguments).await;
        assert_eq!(text(&out), "GET 0", "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
    // A client that does not trust us, known by address only.
    assert!(!namespace.run(&["curl", "-sS", "-k", "--cert-status", "https://pins.example/"]).await.status.success());

    let seen = lab.stop().await;
    responder.stop().await;
    let urls: Vec<(&str, IngressKind)> =
        seen.exchanges.iter().map(|one| (one.request.url.as_str(), one.inlet)).collect();
    assert_eq!(
        urls[..4],
        [
            ("https://direct.example/secure", IngressKind::Transparent),
            ("http://direct.example:8080/clear", IngressKind::Transparent),
            ("https://asked.example/", IngressKind::Proxy),
            ("https://[2001:db8::7]/six", IngressKind::Transparent),
        ]
    );
    let fronted: Vec<_> =
        seen.exchanges[4..8].iter().map(|one| (one.request.url.as_str(), one.foreign_name())).collect();
    let site = Some("visited.example");
    assert_eq!(
        fronted,
        [
            ("https://collector.example/fronted", site),
            ("http://collector.example/clear", site),
            ("https://collector.example/hello", site),
            ("https://192.0.2.66/hard-coded", site),
        ]
    );
    let bypassed: Vec<&str> =
        seen.notes.iter().filter(|note| note.code == "bypassed").map(|note| note.says.as_str()).collect();
    assert_eq!(bypassed[..3], ["direct.example:443", "direct.example:8080", "[2001:db8::7]:443"]);
    let mut names = Vec::new();
    while let Ok(Record::Exchange(exchange)) = questions.try_recv() {
        assert_eq!((&exchange.request.method[..], exchange.trial), (Request::DNS, Some(1)));
        names.push(exchange.request.url);
    }
    for kind in ["A", "AAAA"] {
        assert!(names.contains(&format!("dns://direct.example/?type={kind}")), "{names:?}");
    }
    assert!(!names.iter().any(|name| name.contains("asked.example")));
}

#[tokio::test]
async fn a_redirected_connection_goes_on_to_its_server() {
    let Some(namespace) = Namespace::new("onward") else { return };
    let listener = namespace.inside(|| TcpListener::bind("[::]:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    assert!(namespace.redirect(port, 9));
    // The server stands outside; inside, its address leads to the proxy.
    let origin = Origin::encrypted(&["http/1.1"], |mut wire| async move {
        answer(&mut wire, b"HTTP/1.1 200 x\r\nContent-Length: 2\r\n\r\nok").await;
    })
    .await;
    let lab = Lab::on(listener, upstream(UpstreamSettings::default()), echo);
    let (ca, url) = (lab.file("ca.pem"), origin.url("https", "/x"));
    let resolve = format!("localhost:{}:127.0.0.1", origin.address.port());
    let out = namespace.run(&["curl", "-sS", "--resolve", &resolve, "--cacert", &ca, &url]).await;
    assert_eq!(text(&out), "ok", "{}", String::from_utf8_lossy(&out.stderr));
    let seen = lab.stop().await.only();
    assert_eq!((&seen.request.url[..], seen.inlet), (&url[..], IngressKind::Transparent));
    assert_eq!(seen.response.unwrap().by, "upstream");
}
