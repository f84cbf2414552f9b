//! `candor audit phone --guided`. curl stands for the phone, and does what the
//! guide's pages ask for, one after the other.

use std::path::Path;

use crate::stage::{Capture, Home, text};

/// A person with a phone.
struct Person {
    audit: Capture,
}

impl Person {
    fn begins(home: &Home) -> Self {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let data = data.display().to_string();
        let all = ["audit", "phone", "--guided", "--listen", "127.0.0.1:0", "--scenario", "thumb", "--seed", "7"];
        let person =
            Self { audit: Capture::start(home.candor(&[&all[..], &["--out", "runs", "--data", &data]].concat())) };
        assert!(person.get("http://candor.test/").contains("Your phone is connected"));
        person.get("https://candor.test/check");
        person
    }

    fn get(&self, address: &str) -> String {
        let out = self.audit.curl(&["-k", "-L", address]);
        assert!(out.status.success(), "{address}: {}", text(&out));
        text(&out)
    }

    /// Waits until a step is asked for, and looks at its page.
    fn step(&mut self, number: usize, title: &str) -> String {
        let line = self.audit.hear(&format!("step {number} of 8: "));
        assert!(line.contains(title), "{line}");
        let page = self.get("http://candor.test/");
        assert!(page.contains(title), "{page}");
        page
    }

    fn says_done(&self, page: &str) {
        let field = |name: &str| {
            let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
            format!("{name}={}", after.split('"').next().unwrap())
        };
        let out = self.audit.curl(&["-d", &field("csrf"), "-d", &field("step"), "http://candor.test/done"]);
        assert!(out.status.success(), "{}", text(&out));
    }

    /// Opens the page that is asked for, and lets somebody else know if that is what the phone does.
    fn opens(&self, page: &str, told: Option<&str>) {
        let copied = page.split("class=\"copy\">").nth(1).unwrap().split('<').next().unwrap();
        let address = copied.replace("&amp;", "&");
        if let Some(host) = told {
            let reported = self.audit.curl(&["-k", "--data-urlencode", &format!("u={address}"), host]);
            assert!(reported.status.success(), "{}", text(&reported));
        }
        self.get(&address);
    }
}

/// The report of the only run in a folder.
fn report(home: &Home) -> serde_json::Value {
    let files = std::fs::read_dir(home.file("runs")).unwrap().map(|entry| entry.unwrap().path());
    let json = files.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "json")).unwrap();
    serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap()
}

fn word(report: &serde_json::Value, promise: &str) -> String {
    let verdicts = report["promises"].as_array().unwrap();
    let verdict = verdicts.iter().find(|verdict| verdict["id"] == promise);
    verdict.map_or("none".into(), |verdict| verdict["verdict"].as_str().unwrap().to_owned())
}

const MAKER: &str = "https://sa.api.intl.miui.com/sa";

#[test]
fn a_phone_that_tells_somebody_of_a_private_page_is_found_out() {
    let home = Home::new();
    let mut person = Person::begins(&home);
    let page = person.step(1, "Begin afresh");
    person.says_done(&page);
    let page = person.step(2, "Open this page");
    // Nobody says that this one is done: the wire shows it.
    person.opens(&page, Some(MAKER));
    let page = person.step(3, "Close the tabs");
    person.says_done(&page);
    let page = person.step(4, "Begin afresh");
    person.says_done(&page);
    let page = person.step(5, "Open this page");
    person.opens(&page, None);
    let page = person.step(6, "Turn the switch off");
    person.says_done(&page);
    // Left alone, which the clock shows.
    let page = person.step(8, "Close the tabs");
    person.says_done(&page);
    let ended = person.audit.wait();
    let report = report(&home);
    assert_eq!(ended.status, 1, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(word(&report, "private-reports-nothing"), "broken", "{}", ended.stdout);
    assert_eq!(word(&report, "default-is-off"), "none", "a phone in use is not as it was installed");
    assert_eq!(word(&report, "only-to-the-maker"), "none", "nobody knows who made it");
    assert!(ended.stdout.contains("a phone, used by hand\n"), "{}", ended.stdout);
    let told = report["sightings"].as_array().unwrap().iter().filter(|seen| seen["side"] == "native");
    let told: Vec<_> = told.map(|seen| format!("{} {} {}", seen["kind"], seen["trail"], seen["phase"])).collect();
    assert!(told.contains(&r#""visited-url" "body ▸ form u" "private visit 1""#.to_owned()), "{told:?}");
    assert!(
        ended.stdout.contains("A person with the phone in the hand, led by Candor, opened 2 pages"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_phone_that_tells_nobody_cannot_be_called_honest() {
    let home = Home::new();
    let mut person = Person::begins(&home);
    for number in 1..=8 {
        let page = match number {
            7 => continue,
            _ => person.step(number, ""),
        };
        if [2, 5].contains(&number) { person.opens(&page, None) } else { person.says_done(&page) }
    }
    let ended = person.audit.wait();
    let report = report(&home);
    assert_eq!(ended.status, 3, "{}{}", ended.stdout, ended.stderr);
    assert!(
        report["promises"].as_array().unwrap().iter().all(|one| one["verdict"] != "kept" && one["verdict"] != "broken")
    );
}

#[test]
fn a_person_who_ends_early_is_told_what_there_is() {
    let home = Home::new();
    let mut person = Person::begins(&home);
    let page = person.step(1, "Begin afresh");
    person.says_done(&page);
    let page = person.step(2, "Open this page");
    person.opens(&page, Some(MAKER));
    person.step(3, "Close the tabs");
    let ended = person.audit.stop();
    assert!(ended.stderr.contains("ended early (stopped by hand); judging what there is"), "{}", ended.stderr);
    assert_eq!(word(&report(&home), "private-reports-nothing"), "broken", "{}", ended.stdout);
    assert_eq!(ended.status, 1);
}

#[test]
fn what_is_used_by_hand_says_how() {
    let home = Home::new();
    for (arguments, says) in [
        (&["audit", "phone"][..], "candor audit phone --guided --listen"),
        (&["audit", "chromium", "--guided"], "--guided is for `phone`"),
    ] {
        let out = home.run(arguments);
        assert_eq!(out.status.code(), Some(2));
        assert!(text(&out).contains(says), "{}", text(&out));
    }
}
