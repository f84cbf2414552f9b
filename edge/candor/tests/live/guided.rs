//! `candor audit phone --guided`. curl stands for the phone, and does what the
//! guide's pages ask for, one after the other.

use std::path::Path;

use crate::stage::{Capture, Home, text};

/// A person with a phone.
struct Person {
    audit: Capture,
}

impl Person {
    fn begins(home: &Home, scenario: &str) -> Self {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let data = data.display().to_string();
        let all = ["audit", "phone", "--guided", "--listen", "127.0.0.1:0", "--scenario", scenario, "--seed", "7"];
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
        // Three steps brought the phone here.
        let line = self.audit.hear(&format!("step {} of 11: ", number + 3));
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

    /// Does whatever is asked for to the end, one thing after the other: opens what is
    /// to be opened and says that the rest is done. Gives what the pages said.
    fn follows(&self, mut also: impl FnMut(&Self, &str)) -> Vec<String> {
        let mut pages: Vec<String> = vec![];
        loop {
            let page = self.get("http://candor.test/");
            if page.contains("All done, thank you") {
                return pages;
            }
            if pages.last() == Some(&page) {
                self.says_done(&page);
                continue;
            }
            assert!(pages.len() < 200, "it never ends");
            also(self, &page);
            if copied(&page).is_some_and(|copied| copied.starts_with("http")) {
                self.opens(&page, None);
            }
            pages.push(page);
        }
    }

    /// Opens the page that is asked for, and lets somebody else know if that is what the phone does.
    fn opens(&self, page: &str, told: Option<&str>) {
        let address = copied(page).unwrap();
        if let Some(host) = told {
            let reported = self.audit.curl(&["-k", "--data-urlencode", &format!("u={address}"), host]);
            assert!(reported.status.success(), "{}", text(&reported));
        }
        self.get(&address);
    }
}

/// What a page has to copy: an address, or words.
fn copied(page: &str) -> Option<String> {
    let copied = page.split("class=\"copy\">").nth(1)?.split('<').next()?;
    Some(copied.replace("&amp;", "&"))
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

/// Whether a verdict accuses or acquits.
fn decided(verdict: &serde_json::Value) -> bool {
    ["kept", "met", "broken", "not-met"].iter().any(|word| verdict["verdict"] == *word)
}

const MAKER: &str = "https://sa.api.intl.miui.com/sa";

#[test]
fn a_phone_that_tells_somebody_of_a_private_page_is_found_out() {
    let home = Home::new();
    let mut person = Person::begins(&home, "thumb");
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
    assert_eq!(word(&report, "private-reports-nothing"), "not-met", "{}", ended.stdout);
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
    let mut person = Person::begins(&home, "thumb");
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
    assert!(report["promises"].as_array().unwrap().iter().all(|one| !decided(one)));
}

#[test]
fn a_person_who_ends_early_is_told_what_there_is() {
    let home = Home::new();
    let mut person = Person::begins(&home, "thumb");
    let page = person.step(1, "Begin afresh");
    person.says_done(&page);
    let page = person.step(2, "Open this page");
    person.opens(&page, Some(MAKER));
    person.step(3, "Close the tabs");
    let ended = person.audit.stop();
    assert!(ended.stderr.contains("ended early (stopped by hand); judging what there is"), "{}", ended.stderr);
    assert_eq!(word(&report(&home), "private-reports-nothing"), "not-met", "{}", ended.stdout);
    assert_eq!(ended.status, 1);
}

#[test]
fn a_phone_that_tells_of_a_folder_is_found_out() {
    let home = Home::new();
    let person = Person::begins(&home, "by-hand");
    let pages = person.follows(|person, page| {
        if page.contains("<h1>Open a folder</h1>") {
            let told = format!("folder={}", copied(page).unwrap());
            assert!(person.audit.curl(&["-k", "--data-urlencode", &told, MAKER]).status.success());
        }
    });
    let says = "On the home screen, make a folder of this name, open it, and come back here.";
    assert_eq!(pages.iter().filter(|page| page.contains(says)).count(), 1);
    let ended = person.audit.wait();
    let report = report(&home);
    assert_eq!(word(&report, "phone-use-stays"), "not-met", "{}", ended.stdout);
    let told = report["sightings"].as_array().unwrap().iter().find(|seen| seen["kind"] == "folder").unwrap();
    assert_eq!((told["trail"].as_str(), told["phase"].as_str()), (Some("body ▸ form folder"), Some("normal open 1")));
}

#[test]
fn quick_by_hand_asks_for_everything_and_leaves_the_switch_off() {
    let home = Home::new();
    let person = Person::begins(&home, "quick");
    let pages = person.follows(|_, _| {});
    let with = |words: &str| pages.iter().filter(|page| page.contains(words)).count();
    assert_eq!(with("leave the phone alone for 22 seconds"), 2, "each control lasts as long as by a program");
    assert_eq!((with("<h1>Fill in a form</h1>"), with("<h1>Open a search</h1>")), (4, 4));
    let switched: Vec<&String> = pages.iter().filter(|page| page.contains("<h1>Turn the switch")).collect();
    assert_eq!(switched.len(), 2);
    assert!(switched[1].contains("It stays off until you turn it yourself."), "{}", switched[1]);
    let ended = person.audit.wait();
    assert_eq!(ended.status, 3, "{}", ended.stdout);
    assert!(ended.stdout.contains("opened 40 pages (14 of them"), "{}", ended.stdout);
    let report = report(&home);
    let promises = report["promises"].as_array().unwrap();
    assert!(promises.iter().all(|one| !decided(one)), "{}", ended.stdout);
}

#[test]
fn the_fingerprint_stands_on_both_screens() {
    let home = Home::new();
    let person = Person::begins(&home, "thumb");
    let shown = person.audit.heard.iter().find_map(|line| line.trim().strip_prefix("certificate ")).unwrap();
    assert!(person.get("http://candor.test/certificate").contains(shown), "{shown}");
    person.audit.stop();
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
