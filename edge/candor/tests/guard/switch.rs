//! Off until it is turned on, in the file as on the page.

use std::{thread::sleep, time::Duration};

use crate::stage::{Everywhere, Guard};

const PAGE: &str = "https://clinic-finukgurmann.com/patients/4711-secret";
const MAIL: &str = "jo@mail-finukgurmann.com";

/// Whether a report of this arrives, once whatever was written has been read.
fn comes_to(guard: &Guard, server: &Everywhere, port: &str, what: &str, arrives: bool) -> bool {
    for _ in 0..100 {
        guard.report(port, what);
        if server.got(what) == arrives {
            return true;
        }
        sleep(Duration::from_millis(100));
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_until_the_file_says_so_and_then_in_that_mode_only() {
    let server = Everywhere::start();
    let guard = Guard::start(&server, &[]);
    for port in [guard.normal.clone(), guard.private.clone()] {
        assert!(guard.visit(&port, PAGE).contains("from the server"), "a page loads");
        assert!(server.got(PAGE));
        let answer = guard.report(&port, PAGE);
        assert!(!answer.contains("from the server") && !answer.contains("curl:"), "absorbed: {answer}");
        assert!(!server.got(PAGE), "and gone nowhere");
        assert!(guard.report(&port, "nothing in particular").contains("from the server"));
    }
    guard.write("choices.toml", "[kinds.visited-url]\nnormal = 'on'\n");
    assert!(comes_to(&guard, &server, &guard.normal, PAGE, true));
    guard.report(&guard.private, PAGE);
    assert!(!server.got(PAGE));
    guard.write("choices.toml", "[kinds.visited-url]\nnormal = 'perhaps'\n");
    guard.until("choices.toml cannot be read, what was chosen before counts");
    guard.report(&guard.normal, PAGE);
    assert!(server.got(PAGE), "as before");
    guard.write("choices.toml", "");
    guard.until("can be read again");
    assert!(comes_to(&guard, &server, &guard.normal, PAGE, false));
    let said = guard.stop();
    assert!(said.contains(".candor\n") && said.contains(" stopped, "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_enters_is_looked_for_until_it_is_forgotten() {
    let server = Everywhere::start();
    let guard = Guard::start(&server, &[]);
    assert!(guard.report(&guard.normal, MAIL).contains("from the server"));
    assert!(server.got(MAIL));
    let said = guard.run(&["guard", "enter", "email"], MAIL);
    assert!(said.contains("of kind email is looked for") && !said.contains(MAIL), "{said}");
    assert!(comes_to(&guard, &server, &guard.normal, MAIL, false), "the guard that runs has noticed");
    assert!(guard.run(&["guard", "enter", "shoe-size"], "43").contains("candor list kinds"));
    assert!(guard.run(&["guard", "enter", "person-name"], "zoe").contains("too short"));
    guard.run(&["guard", "forget"], "");
    assert!(!guard.has("home/guard/entered.toml"));
    assert!(comes_to(&guard, &server, &guard.normal, MAIL, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_recorded_only_if_that_is_asked_for_and_said() {
    let server = Everywhere::start();
    let guard = Guard::start(&server, &["--record", "all.candor"]);
    assert!(guard.greeting.contains("RECORDING EVERYTHING"), "{}", guard.greeting);
    guard.visit(&guard.private, PAGE);
    guard.report(&guard.normal, PAGE);
    assert!(guard.has("all.candor"));
    let said = guard.stop();
    assert!(said.contains("all.candor\n") && said.contains("head "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_asked_for_lets_one_browser_in_once() {
    let server = Everywhere::start();
    let guard = Guard::start(&server, &[]);
    let link = guard.run(&["guard", "link"], "");
    let link = link.trim().to_owned();
    assert!(link.starts_with("http://127.0.0.1:") && link.contains("/enter?token="), "{link}");
    let entered = ask(&link);
    assert!(entered.contains("You are in"), "{entered}");
    assert!(ask(&link).contains("Not let in"), "once");
    assert!(guard.has("home/guard/running.toml"));
}

/// What a browser without a proxy gets.
fn ask(url: &str) -> String {
    let out = std::process::Command::new("curl").args(["-sS", "--noproxy", "*", url]).output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}
