//! The guide for phones: from the first page to the last, without a script.

use std::{net::IpAddr, sync::Arc};

use model::{Body, Header, Request};
use proxy::{CertificateAuthority, InternalHost, StaticResponse};
use serve::{GuideProgress, GuideStep, PhoneGuide};

const PHONE: &str = "192.168.1.20";

fn guide(steps: Vec<GuideStep>) -> Arc<PhoneGuide> {
    PhoneGuide::new(CertificateAuthority::in_memory("Candor").unwrap().cert_pem(), steps).unwrap()
}

fn two_steps() -> Vec<GuideStep> {
    vec![
        GuideStep::new("Open a page", "Wait until it is there.").open("https://qwtzuplkjh.de/"),
        GuideStep::new("Search", "Search for these words.").text("blue <b>heron</b>").in_private(),
    ]
}

fn ask(guide: &PhoneGuide, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> StaticResponse {
    let request = Request {
        method: method.into(),
        url: url.into(),
        version: "HTTP/1.1".into(),
        headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
        body: Body { bytes: body.as_bytes().into(), cut_from: None },
    };
    guide.answer(PHONE.parse::<IpAddr>().unwrap(), &request)
}

fn get(guide: &PhoneGuide, url: &str) -> String {
    String::from_utf8(ask(guide, "GET", url, &[], "").body.to_vec()).unwrap()
}

/// The form of the page in front, sent.
fn done(guide: &PhoneGuide, step: &str) -> StaticResponse {
    let page = get(guide, "https://candor.test/");
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    ask(guide, "POST", "https://candor.test/done", &[("Origin", "null")], &format!("csrf={csrf}&step={step}"))
}

#[test]
fn a_phone_is_led_from_proxy_to_certificate_to_ready() {
    let guide = guide(vec![]);
    let first = get(&guide, "http://candor.test/");
    assert!(first.contains("Step 3 of 3") && first.contains("Your phone is connected"));
    let certificate = get(&guide, "http://candor.test/certificate");
    assert!(certificate.contains("Download the certificate"));
    assert!(certificate.matches(':').count() > 31, "the fingerprint stands there");
    let file = ask(&guide, "GET", "http://candor.test/candor.crt", &[], "");
    assert_eq!(file.body[0], 0x30, "DER");
    assert!(get(&guide, "http://candor.test/check").contains("Not trusted yet"));
    assert!(!guide.is_trusted_by(PHONE.parse().unwrap()));
    assert_eq!(ask(&guide, "GET", "https://candor.test/check", &[], "").status, 303);
    assert!(guide.is_trusted_by(PHONE.parse().unwrap()), "it came over HTTPS, so it trusts");
    assert!(get(&guide, "http://candor.test/").contains("This phone is ready"));
}

#[test]
fn the_steps_of_an_experiment_come_one_at_a_time() {
    let guide = guide(two_steps());
    let progress = guide.progress();
    assert!(get(&guide, "http://candor.test/").contains("Step 3 of 5"), "the certificate comes first");
    let first = get(&guide, "https://candor.test/");
    assert!(
        first.contains("Step 4 of 5") && first.contains("href=\"https://qwtzuplkjh.de/\"") && first.contains(">Done<")
    );
    assert_eq!(done(&guide, "0").status, 303);
    assert_eq!(*progress.borrow(), GuideProgress { done: 1, over: false });
    let second = get(&guide, "https://candor.test/");
    assert!(second.contains("In a private tab") && second.contains("blue &lt;b&gt;heron"));
    done(&guide, "0");
    assert_eq!(progress.borrow().done, 1, "a form that is sent twice says nothing new");
    guide.was_seen(1);
    assert_eq!(*progress.borrow(), GuideProgress { done: 2, over: true });
    assert!(get(&guide, "https://candor.test/").contains("All done"));
    guide.was_seen(2);
    assert_eq!(progress.borrow().done, 2);
}

#[test]
fn a_page_of_another_site_cannot_say_that_a_step_is_done() {
    let guide = guide(two_steps());
    let page = get(&guide, "https://candor.test/");
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    for (headers, form) in [
        (vec![("Origin", "https://evil.example")], format!("csrf={csrf}&step=0")),
        (vec![("Sec-Fetch-Site", "cross-site"), ("Origin", "null")], format!("csrf={csrf}&step=0")),
        (vec![("Origin", "http://candor.test")], "step=0".to_owned()),
        (vec![("Origin", "http://candor.test")], "csrf=x&step=0".to_owned()),
    ] {
        assert_eq!(ask(&guide, "POST", "https://candor.test/done", &headers, &form).status, 403, "{headers:?}");
    }
    assert_eq!(ask(&guide, "GET", "https://candor.test/done?step=0", &[], "").status, 405);
    assert_eq!(guide.progress().borrow().done, 0);
}

#[test]
fn no_page_of_the_guide_holds_style_or_script_of_its_own() {
    let guide = guide(two_steps());
    for url in
        ["http://candor.test/", "http://candor.test/certificate", "https://candor.test/", "https://candor.test/nothing"]
    {
        let answer = ask(&guide, "GET", url, &[], "");
        let policy = answer.headers.iter().find(|field| field.name == "Content-Security-Policy").unwrap();
        assert!(String::from_utf8_lossy(&policy.value).contains("frame-ancestors 'none'"));
        let page = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains("<script>"), "{url}");
    }
}

#[test]
fn the_guide_answers_to_its_own_name_only() {
    let guide = guide(vec![]);
    assert!(guide.owns("candor.test"));
    assert!(!guide.owns("candor.test.example") && !guide.owns("www.candor.test") && !guide.owns("127.0.0.1"));
}
