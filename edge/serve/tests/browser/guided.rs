//! The guide on a phone, in a real browser.

use std::{net::IpAddr, sync::Arc};

use model::{Body, Request};
use proxy::{AnswerProvider, CertificateAuthority, InternalHost, Proxy, ProxySettings, StaticResponse};
use serve::{GuideStep, PhoneGuide};
use tokio::sync::mpsc;

use crate::window::{self, PHONE, Window, pixels::pixels};

fn steps() -> Vec<GuideStep> {
    vec![
        GuideStep::new("Open this page", "Tap it, wait until the page is there, then come back to this tab.")
            .open("https://qwtzuplkjhbn.de/"),
        GuideStep::new("Now in a private tab", "Open a private tab, go to this address, and come back.")
            .open("https://mnbvcxylkjhg.com/herbst/apfelkuchen")
            .in_private(),
        GuideStep::new("Search for these words", "Use the search you always use.").text("blue heron counting 7341"),
        GuideStep::new("Lock the screen", "Lock it, count to thirty, and unlock it again."),
    ]
}

fn guide() -> Arc<PhoneGuide> {
    PhoneGuide::new(CertificateAuthority::in_memory("Candor").unwrap().cert_pem(), steps()).unwrap()
}

fn text(guide: &PhoneGuide, url: &str) -> String {
    let request = Request {
        method: "GET".into(),
        url: url.into(),
        version: "HTTP/1.1".into(),
        headers: vec![],
        body: Body::default(),
    };
    let phone: IpAddr = "192.168.1.20".parse().unwrap();
    String::from_utf8(guide.answer(phone, &request).body.to_vec()).unwrap()
}

/// Each of its pages as a file that a browser shows without a proxy.
pub fn pages(window: &Window) -> Vec<String> {
    let guide = guide();
    window.file("style.css", &text(&guide, "http://candor.test/style.css"));
    let file = |name: &str, page: String| {
        window.file(
            name,
            &page.replace("href=\"/style.css\"", "href=\"style.css\"").replace("src=\"/guide.js\"", "src=\"data:,\""),
        )
    };
    let mut files = vec![
        file("welcome.html", text(&guide, "http://candor.test/")),
        file("certificate.html", text(&guide, "http://candor.test/certificate")),
        file("check.html", text(&guide, "http://candor.test/check")),
    ];
    for step in 0..5 {
        files.push(file(&format!("step-{step}.html"), text(&guide, "https://candor.test/")));
        guide.was_seen(step);
    }
    files
}

/// A phone's browser on a proxy; it takes our certificate as if it were installed.
#[tokio::test]
async fn a_phone_is_led_through_by_taps_and_by_what_the_wire_shows() {
    let authority = Arc::new(CertificateAuthority::in_memory("Candor").unwrap());
    let guide = PhoneGuide::new(authority.cert_pem(), steps()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let answers: Arc<dyn AnswerProvider> =
        Arc::new(|_: &Request| StaticResponse::sinkhole(200, "text/html", "<title>page</title>"));
    let home: Arc<dyn InternalHost> = Arc::clone(&guide) as _;
    let settings = ProxySettings { home: Some(home), ..ProxySettings::default() };
    let proxy = Proxy::serve(listener, authority, answers, Arc::new(mpsc::channel(64).0), settings).unwrap();
    let options = [format!("--proxy-server=http://{}", proxy.address()), "--ignore-certificate-errors".into()];
    let Some(window) = Window::open_with(&options).await else { return };
    window.shape(PHONE, 780).await;
    window.go("http://candor.test/").await;
    for heading in ["Install the certificate", "Open this page"] {
        window.follow("document.querySelector('a[href$=check], a[href=\"/certificate\"]').click()").await;
        window.until(&format!("document.querySelector('h1')?.textContent == '{heading}'")).await;
    }
    assert!(guide.is_trusted_by("127.0.0.1".parse().unwrap()));
    window.follow("document.querySelector('button.large').click()").await;
    window.until("document.querySelector('h1')?.textContent == 'Now in a private tab'").await;
    assert_eq!(guide.progress().borrow().done, 1);
    // The wire shows the next one: the page goes on by itself.
    guide.was_seen(1);
    window.until("document.querySelector('h1')?.textContent == 'Search for these words'").await;
    window.close().await;
    proxy.stop().await;
}

#[tokio::test]
async fn the_guide_fits_a_phone_in_light_and_dark() {
    let Some(window) = Window::open().await else { return };
    let pages = pages(&window);
    for page in &pages {
        window.shape(PHONE, 780).await;
        window.go(page).await;
        assert_eq!(window.needs().await.0, PHONE.width, "{page}: nothing is wider than the phone");
        // As large as a thumb needs it (WCAG 2.5.5).
        let small = "Array.from(document.querySelectorAll('.large')).filter(one => one.getBoundingClientRect().height < 44).length";
        assert_eq!(window.run(small).await, 0, "{page}");
        let (light, colours) = pixels(&window.picture().await);
        window.shape(PHONE.dark(), 780).await;
        let (dark, _) = pixels(&window.picture().await);
        assert!(colours > 50 && light > 200.0 && dark < 80.0, "{page}: {colours} colours, {light}, {dark}");
    }
    let Some(folder) = window::pictures() else { return window.close().await };
    for (name, view, page) in [
        ("guide-certificate.png", PHONE, &pages[1]),
        ("guide-step.png", PHONE, &pages[4]),
        ("guide-step-dark.png", PHONE.dark(), &pages[5]),
    ] {
        window.shape(view, 900).await;
        window.go(page).await;
        std::fs::write(folder.join(name), window.picture().await).unwrap();
    }
    window.close().await;
}
