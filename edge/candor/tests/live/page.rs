//! What `candor capture --page` shows, and the guide for phones.

use crate::stage::{Home, curl, text};

const VISITED: &str = "https://www.qwtzuplkjhbn.de/rash-on-left-hand";

#[test]
fn the_page_shows_who_was_told_what_and_leaves_by_no_other_way() {
    let home = Home::new();
    let capture = home.capture(&["--sinkhole", "--page", "127.0.0.1:0"]);
    let link = capture.heard.iter().find_map(|line| line.split("for one browser, once: ").nth(1)).unwrap().to_owned();
    let page = link.split("enter?").next().unwrap().to_owned();
    let jar = home.file("jar").display().to_string();
    assert!(text(&curl(&["-c", &jar, &link])).contains("You are in"));
    assert!(text(&curl(&[&link])).contains("used before"), "one browser, once");
    let document = ["-k", "-H", "Sec-Fetch-Dest: document", "-H", "Sec-Fetch-Mode: navigate", VISITED];
    assert!(capture.curl(&document).status.success());
    assert!(capture.curl(&["-k", "-d", &format!("u={VISITED}"), "https://sa.api.intl.miui.com/sa"]).status.success());
    let shown = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let now = text(&curl(&["-b", &jar, &page]));
        now.contains("Xiaomi") && now.contains("page address") && now.contains("rash-on-left-hand")
    });
    assert!(shown, "the report is not shown");
    assert!(!text(&curl(&[&page])).contains("Xiaomi"), "nor to anybody without the cookie");
    assert!(!text(&capture.curl(&["-b", &jar, &page])).contains("Xiaomi"), "nor through the proxy");
    assert_eq!(capture.stop().status, 0);
}

#[test]
fn a_phone_finds_the_guide_through_the_proxy_and_it_is_not_recorded() {
    let home = Home::new();
    let capture = home.capture(&["--sinkhole"]);
    assert!(text(&capture.curl(&["http://candor.test/"])).contains("Your phone is connected"));
    assert!(text(&capture.curl(&["http://candor.test/check"])).contains("Not trusted yet"));
    let certificate = capture.curl(&["http://candor.test/candor.crt"]);
    assert_eq!(certificate.stdout.first(), Some(&0x30), "DER");
    assert!(text(&capture.curl(&["-k", "-L", "https://candor.test/check"])).contains("This phone is ready"));
    capture.stop();
    assert_eq!(home.evidence("select count(*) from exchange"), "0\n");
}
