//! The guard goes by where a connection goes and by the name that a request gives
//! itself: the stricter of both decides.

use guard::{Choices, HostAction, HostRule};
use model::{Header, Mode, Request};

use crate::{
    client::send_to,
    stand::{Everywhere, Stand},
};

fn post(host: &str) -> Request {
    Request {
        method: "POST".into(),
        url: format!("https://{host}/x"),
        version: "HTTP/1.1".into(),
        headers: vec![Header::new("Content-Type", "text/plain")],
        body: model::Body::whole(&b"anything"[..]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_host_of_a_connection_and_the_one_it_is_said_to_be_for_the_stricter_decides() {
    let server = Everywhere::start();
    let named = |host: &str, rule| HostRule { host: host.into(), rule, device: None };
    let destinations = vec![
        named("stopped.example", HostAction::Stop),
        named("allowed.example", HostAction::Allow),
        named("cut.example", HostAction::Cut),
    ];
    let choices = Choices { destinations, ..Choices::default() };
    let stand = Stand::start(&server, Mode::Normal, &choices, &[]);
    for (went_to, says, passes) in [
        ("other.example", "other.example", true),
        ("other.example", "Other.example.", true),
        ("stopped.example", "stopped.example", false),
        // A collector under the name of a site, and one behind the name of another host.
        ("stopped.example", "allowed.example", false),
        ("stopped.example", "other.example", false),
        ("allowed.example", "stopped.example", false),
        ("other.example", "stopped.example", false),
        ("other.example", "STOPPED.example:443", false),
        ("allowed.example", "cut.example", false),
        ("cut.example", "allowed.example", false),
        ("allowed.example", "other.example", true),
    ] {
        let answer = send_to(stand.address, went_to, &post(says)).await;
        let got = server.got();
        assert_eq!(!got.is_empty(), passes, "{went_to} as {says}: {}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_carries_a_value_is_told_to_nobody() {
    let server = Everywhere::start();
    let strict = Choices { strict: true, ..Choices::default() };
    let stand = Stand::start(&server, Mode::Normal, &strict, &[("email", "zoe.finukgurmann@mailbox.example")]);
    let hex: String = b"zoe.finukgurmann@mailbox.example".iter().map(|byte| format!("{byte:02x}")).collect();
    for (name, is_told) in [
        ("innocent.other.example".to_owned(), true),
        (format!("{}.{}.other.example", &hex[..32], &hex[32..]), false),
        (format!("{}.other.example", &hex[..62]), true),
    ] {
        let before = server.connections();
        drop(send_to(stand.address, &name, &post("innocent.other.example")).await);
        assert_eq!(server.connections() > before, is_told, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_another_name_is_shown_even_where_nothing_speaks_against_it() {
    let server = Everywhere::start();
    let stand = Stand::start(&server, Mode::Normal, &Choices::default(), &[]);
    drop(send_to(stand.address, "one.example", &post("one.example")).await);
    assert_eq!(stand.shown(), None);
    drop(send_to(stand.address, "one.example", &post("two.example")).await);
    assert_eq!(stand.shown(), Some(("other-name", "one.example".to_owned())));
    assert_eq!(server.got().len(), 2, "both went on");
}
