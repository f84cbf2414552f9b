//! What people are told: text, Markdown, and the page.

use expect_test::expect;
use report::TextColor;

use crate::{reporting, small};

#[test]
fn text_says_the_verdicts_first() {
    expect![[r#"
        Reporting browser 3.4.0 · 4 May 2020, 01:30 UTC
        Candor set up reporting browser afresh 2 times and opened 2 pages in private
        mode. Once nothing at all was opened, to see what it sends anyway. Every page
        was made by Candor for this test, so whatever was sent anywhere else came from
        the program itself.

        PROMISES AND EXPECTATIONS
          1 broken, 1 not met, 1 unclear, 1 untested, 1 for an authority, 1 vacuous, 1
          kept
          ✗ BROKEN   “A promise that is broken.”
                     promise, the maker’s own words: A notice, 2020-05-04,
                     https://maker.example/notice
                     tested: nothing is sent
                     sa.example was sent the address of a page visited in 1 of 2 acts.
                     evidence: request 1
                       body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[0].properties.url
          ✗ NOT MET  What is expected not met.
                     expectation, in Candor’s words: A notice, 2020-05-04,
                     https://maker.example/notice
                     sa.example was sent the address of a page visited in 1 of 2 acts.
                     evidence: request 1
                       body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[0].properties.url
          ? UNCLEAR  “A promise that is unclear.”
                     promise, the maker’s own words: A notice, 2020-05-04,
                     https://maker.example/notice
                     tested: nothing is sent
                     Too few: nothing was seen in 2 visits over 1 fresh install.
          – UNTESTED “A promise that is untested.”
                     promise, the maker’s own words: A notice, 2020-05-04,
                     https://maker.example/notice
                     tested: nothing is sent
                     Nothing was searched for.
          § FOR AN AUTHORITY
                     What is asked for an authority.
                     question of law, for an authority: Art. 1, A notice, 2020-05-04,
                     https://maker.example/notice
                     tested: nothing is sent
                     Nothing was turned off.
          ○ VACUOUS  What is expected vacuous.
                     expectation, in Candor’s words: A notice, 2020-05-04,
                     https://maker.example/notice
                     Nothing was reported.
          ✓ KEPT     “A promise that is kept.”
                     promise, the maker’s own words: A notice, 2020-05-04,
                     https://maker.example/notice
                     tested: nothing is sent
                     Nothing of the kind was seen in 30 visits over 2 fresh installs.

        WHAT EACH SETTING TOLD
          ✗ told     private, incognito-mode on (as installed)
                     1 of 2 acts in 1 install, to sa.example

        WHAT IT SENT BY ITSELF, TO WHOM
                                                             sent          unread  seen
          Example, China
            sa.example                       telemetry          1    640 B      ·     1
          nobody on record
            pinned.example                   unknown            1   2.0 kB      1     ·
          Not counted: 1 request that pages asked for (1 site it was sent to).

        WHERE IT WENT
          China            Example: 1 request, 1 recognised
          not on record    pinned.example: 1 request
          The country is the owner’s seat. Where the servers stand was not measured:
          none was contacted.

        FINDINGS
          high     visited-url-sent
                   sa.example was sent the address of a page visited, once
                   1× body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[*].properties.url
                     = https://qwertzuiopas.com/a?b=c
                   in private visit 1

        IDENTIFIERS
          persistent sa.example
                     body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[*].distinct_id
                     the same in two sessions, told apart in 3 installs; in 1 request

        NOT SEEN
          – Not done: there is no window to type into (1 time).
          – short was not looked for: too short to be told from chance.
          – What is sent later than this was not waited for: the longest trial took 7 s.
          – 1 gap: encrypted, and we were not let in.

        HOW WE KNOW
          seen       3 requests: 2 read, 1 sealed; 680 B of 2.7 kB looked at (25.4 %)
          decoys     1 planted, none seen: no false alarm
          scenario   quick, seed 7
          on         Debian GNU/Linux 12
          condition  Without the maker’s remote configuration: no server was contacted,
                     Candor answered for all of them.
          condition  Traffic past the proxy was watched too: the program had a network
                     of its own.
          condition  no sandbox
          capture    small.candor (candor)
          head       abababababababababababababababababababababababababababababababab
          check it   candor verify small.candor --head
                       abababababababababababababababababababababababababababababababab
    "#]]
    .assert_eq(&report::text(&small::audit()));
}

#[test]
fn what_clients_were_kept_from_is_said() {
    let mut audit = small::audit();
    let note = audit.notes[0].clone();
    for (code, count) in [
        ("quic-refused", 3),
        ("alt-svc-removed", 1),
        ("packets-unread", 2),
        ("quic-refused", 1),
        ("packets-refused", 96),
        ("packets-lost", 1),
        ("loopback-call", 5),
    ] {
        audit.notes.push(model::Note { code: code.into(), count, ..note.clone() });
    }
    let text = report::text(&audit);
    let told = text.split("NOT SEEN").nth(1).unwrap().split("HOW WE KNOW").next().unwrap();
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        "QUIC was refused (4 packets), so that clients fell back to what can be read.",
        "Offers of HTTP/3 were taken out of what 1 server said.",
        "What is neither TCP nor DNS passed by unread (2 packets).",
        "What is neither TCP nor DNS was refused (96 packets).",
        "nobody looked into those (1 time).",
        "what they were told was not looked into (5 calls).",
    ] {
        assert!(told.contains(line), "{told}");
    }
}

#[test]
fn text_fits_a_terminal_of_eighty_columns() {
    for audit in [&small::audit(), reporting::audit()] {
        for line in report::text(audit).lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn colour_is_added_and_nothing_else() {
    let audit = small::audit();
    let painted = report::painted(&audit, TextColor::Colour);
    assert!(painted.contains("\u{1b}[1;31m"));
    let mut plain = String::new();
    let mut parts = painted.split("\u{1b}[");
    plain.push_str(parts.next().unwrap());
    for part in parts {
        plain.push_str(part.split_once('m').unwrap().1);
    }
    assert_eq!(plain, report::text(&audit));
}

#[test]
fn markdown_shows_the_outcome_and_folds_the_rest() {
    expect![[r#"
        ## Reporting browser 3.4.0 broke 1 of 4 promises and did not meet 1 of 2 expectations

        Candor set up reporting browser afresh 2 times and opened 2 pages in private mode. Once nothing at all was opened, to see what it sends anyway. Every page was made by Candor for this test, so whatever was sent anywhere else came from the program itself.

        | | sentence | whose words | because | visits | installs | bound |
        |---|---|---|---|--:|--:|--:|
        | ❌ **broken** | “A promise that is broken.” | promise, the maker’s own words: A notice, 2020-05-04, https://maker.example/notice | sa.example was sent the address of a page visited in 1 of 2 acts. | 2 | 2 |  |
        | ❌ **not met** | What is expected not met. | expectation, in Candor’s words: A notice, 2020-05-04, https://maker.example/notice | sa.example was sent the address of a page visited in 1 of 2 acts. | 2 | 2 |  |
        | ❔ **unclear** | “A promise that is unclear.” | promise, the maker’s own words: A notice, 2020-05-04, https://maker.example/notice | Too few: nothing was seen in 2 visits over 1 fresh install. | 2 | 2 |  |
        | ➖ **untested** | “A promise that is untested.” | promise, the maker’s own words: A notice, 2020-05-04, https://maker.example/notice | Nothing was searched for. | 2 | 2 |  |
        | ⚖️ **for an authority** | What is asked for an authority. | question of law, for an authority: Art. 1, A notice, 2020-05-04, https://maker.example/notice | Nothing was turned off. | 2 | 2 |  |
        | ⚪ **vacuous** | What is expected vacuous. | expectation, in Candor’s words: A notice, 2020-05-04, https://maker.example/notice | Nothing was reported. | 2 | 2 |  |
        | ✅ **kept** | “A promise that is kept.” | promise, the maker’s own words: A notice, 2020-05-04, https://maker.example/notice | Nothing of the kind was seen in 30 visits over 2 fresh installs. | 30 | 2 | 9.5 % |

        | setting | acts told | to |
        |---|--:|---|
        | private, incognito-mode on (as installed) | 1 of 2 | sa.example |

        ### Findings

        - **high** `visited-url-sent`: sa.example was sent the address of a page visited, once
          - 1× `body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[*].properties.url` = `https://qwertzuiopas.com/a?b=c`

        <details><summary>What it sent by itself, to whom</summary>

        | host | owner | purpose | requests | bytes | unread | recognised |
        |---|---|---|--:|--:|--:|--:|
        | `sa.example` | Example, China | telemetry | 1 | 640 B | 0 | 1 |
        | `pinned.example` | not on record | unknown | 1 | 2.0 kB | 1 | 0 |

        | seat | owners | requests | recognised |
        |---|---|--:|--:|
        | China | Example | 1 | 1 |
        | not on record | pinned.example | 1 | 0 |

        The country is the owner’s seat. Where the servers stand was not measured: none was contacted.

        </details>

        <details><summary>Conditions, and what this does not say</summary>

        - Without the maker’s remote configuration: no server was contacted, Candor answered for all of them.
        - Traffic past the proxy was watched too: the program had a network of its own.
        - no sandbox
        - Not done: there is no window to type into (1 time).
        - short was not looked for: too short to be told from chance.
        - What is sent later than this was not waited for: the longest trial took 7 s.
        - 1 gap: encrypted, and we were not let in.
        - 1 decoy planted, 0 seen.
        - `small.candor` (candor) `abababababababababababababababababababababababababababababababab`

        </details>
    "#]].assert_eq(&report::markdown(&small::audit()));
}

#[test]
fn the_reporting_browser_breaks_its_promises_in_every_format() {
    let audit = reporting::audit();
    let text = report::text(audit);
    for said in ["✗ BROKEN", "$[*].properties.url", "IDENTIFIERS", "sa.api.intl.miui.com"] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    assert!(report::markdown(audit).contains("❌ **broken**"));
    assert!(report::html(audit).contains("class=\"verdict broken\""));
}

#[test]
fn what_was_not_done_is_not_told_as_done() {
    let mut audit = small::audit();
    assert!(!report::text(&audit).contains("typed into"));
    audit.notes.clear();
    assert!(report::text(&audit).contains("typed into the address bar once"));
}

#[test]
fn a_finding_without_a_sighting_is_told_too() {
    let mut audit = small::audit();
    let says = "pinned.example is sent bytes that could not be read, and how much depends on use";
    audit.findings.push(judge::Finding {
        code: "sealed-depends".into(),
        sightings: vec![],
        says: says.into(),
        ..audit.findings[0].clone()
    });
    for format in report::FORMATS.iter().filter(|format| format.name != "csv") {
        let told = (format.render)(&audit).split_whitespace().collect::<Vec<&str>>().join(" ");
        assert!(told.contains("how much depends on use"), "{}", format.name);
    }
}

#[test]
fn a_visited_site_is_no_destination() {
    let audit = reporting::audit();
    let text = report::text(audit);
    let visited = audit.destinations.iter().filter(|to| to.purpose == model::Purpose::Visited);
    for site in visited.map(|to| to.host.as_str()) {
        let told = text.lines().find(|line| line.trim_start().starts_with(site));
        assert_eq!(told, None, "{site}");
    }
    assert!(text.contains("that pages asked for"));
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    for audit in [&small::audit(), reporting::audit(), &audit::Audit::default()] {
        let page = report::html(audit);
        assert!(page.contains("Content-Security-Policy\" content=\"default-src 'none'"));
        for forbidden in
            ["<script", "<link rel=\"stylesheet", "<img", "<iframe", "@import", "url(", " onload", "src=\""]
        {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }
}

#[test]
fn a_page_has_landmarks_and_headings_that_name_its_sections() {
    let page = report::html(&small::audit());
    assert!(page.contains("<html lang=\"en\">") && page.contains("<main id=\"main\">") && page.contains("<footer>"));
    assert_eq!(page.matches("<h1").count(), 1);
    for part in page.split("aria-labelledby=\"").skip(1) {
        for id in part.split('"').next().unwrap().split(' ') {
            assert!(page.contains(&format!("id=\"{id}\"")), "{id} names something");
        }
    }
    for link in page.split("href=\"#").skip(1) {
        let id = link.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{id}\"")), "{id} is there to go to");
    }
}

#[test]
fn no_id_stands_twice() {
    for audit in [&small::audit(), reporting::audit()] {
        let page = report::html(audit);
        let mut ids: Vec<&str> = page.split(" id=\"").skip(1).map(|part| part.split('"').next().unwrap()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}

#[test]
fn the_page_of_a_quick_audit_stays_small() {
    let size = report::html(reporting::audit()).len();
    assert!(size < 150_000, "{size}");
}

#[test]
fn the_setting_that_is_as_installed_is_told_where_its_switches_were_thrown() {
    let mut audit = small::audit();
    let settings = |audit: &audit::Audit| {
        let text = report::text(audit);
        let (_, rest) = text.split_once("WHAT EACH SETTING TOLD\n").unwrap();
        rest.split("\n\n").next().unwrap().to_owned()
    };
    audit.combinations[0].standing[0].position = judge::SwitchPosition::On;
    assert!(
        settings(&audit).ends_with("as installed; 1 of 2 acts in 1 install, to sa.example"),
        "{}",
        settings(&audit)
    );
    audit.combinations[0].as_installed = Some(false);
    assert!(!settings(&audit).contains("as installed"), "{}", settings(&audit));
}

#[test]
fn a_second_capture_is_not_told_as_the_first() {
    let (one, mut two) = (small::audit(), small::audit());
    two.captures.push(two.captures[0].clone());
    let of_the_run = report::html(&one);
    assert!(of_the_run.contains("<b class=\"host\">pinned.example</b>, 1 time"), "{of_the_run}");
    // The same position, in a capture beside the experiment: nobody knows its host here.
    two.gaps[0].0 = 1;
    (two.spotted[0].capture, two.spotted[0].seen.trial) = (1, None);
    let page = report::html(&two);
    assert!(!page.contains("<b class=\"host\">pinned.example</b>, 1 time"), "{page}");
    assert!(of_the_run.contains("In the same requests") && !page.contains("In the same requests"));
}
