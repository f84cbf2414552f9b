//! Captured values that want to be more than text.

use audit::Audit;

use crate::small;

const ATTACKS: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>",
    "</style><script>1</script>",
    "</title><script>1</script>",
    "javascript:alert(1)",
    "a\u{202e}gnp.exe",
    "\u{1b}]0;owned\u{7}\u{1b}[2J",
    "\u{0}\u{9b}31m\r\nFake: line",
    "=HYPERLINK(\"https://evil.example\")",
    "`code` | cell | @everyone [x](javascript:1) <!--",
    "&lt;b&gt;",
];

/// The small audit with an attack in every place that something captured, or
/// a program that is looked at, can write into.
fn attacked(attack: &str) -> Audit {
    let mut audit = small::audit();
    let spotted = &mut audit.spotted[0];
    spotted.url = format!("https://sa.example/{attack}");
    spotted.method = attack.into();
    spotted.seen.sighting.value = attack.into();
    spotted.seen.sighting.trail = model::Trail::default()
        .then("body", model::LayerPlace::Whole)
        .then("form", model::LayerPlace::at(attack.to_owned()))
        .then("json", model::LayerPlace::at(format!("$[0].{attack}")));
    spotted.seen.sighting.guise = model::Guise::Digest(attack.into());
    spotted.seen.sighting.kind = model::Kind::new(attack);
    audit.plants[0].canary.value = attack.into();
    for to in &mut audit.destinations {
        (to.host, to.site, to.because) = (attack.into(), attack.into(), attack.into());
        to.owner = to.owner.is_some().then(|| attack.to_owned());
    }
    audit.traffic.iter_mut().for_each(|one| one.host = attack.into());
    audit.identifiers[0].host = attack.into();
    audit.identifiers[0].place = attack.into();
    audit.findings[0].says = format!("{attack} was sent it");
    audit.findings[0].phases = vec![attack.into()];
    for verdict in &mut audit.verdicts {
        verdict.because = format!("{attack} was sent it");
        // Whoever lays data of their own over ours writes these.
        (verdict.sentence.words, verdict.sentence.tested) = (attack.into(), attack.into());
        (verdict.sentence.source.name, verdict.sentence.source.address) = (attack.into(), Some(attack.into()));
    }
    audit.gaps[0].1.says = attack.into();
    audit.phases.iter_mut().for_each(|phase| phase.name = attack.into());
    audit.notes[0].says = attack.into();
    audit.early = Some(attack.into());
    audit.trials[0].failed = Some(attack.into());
    audit.captures[0].source = attack.into();
    audit.ignored[0].because = attack.into();
    audit.combinations[0].standing[0].switch = attack.into();
    let run = audit.run.as_mut().unwrap();
    (run.host, run.scenario) = (attack.into(), attack.into());
    (run.subject.name, run.subject.version, run.subject.edition) = (attack.into(), attack.into(), Some(attack.into()));
    run.conditions = vec![attack.into()];
    audit
}

/// Tags with their attributes' names, in order, without their values.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        let (mut tag, mut quoted, mut end) = (String::new(), false, rest.len());
        for (at, c) in rest.char_indices() {
            match c {
                '"' => quoted = !quoted,
                '>' if !quoted => {
                    end = at + 1;
                    break;
                }
                c if !quoted => tag.push(c),
                _ => {}
            }
        }
        tags.push(tag);
        rest = &rest[end..];
    }
    tags
}

#[test]
fn no_captured_value_adds_a_tag_or_an_attribute() {
    let calm = tags(&report::html(&attacked("calm words")));
    for attack in ATTACKS {
        assert_eq!(tags(&report::html(&attacked(attack))), calm, "{attack:?}");
    }
}

#[test]
fn nothing_that_acts_on_a_terminal_gets_through() {
    for attack in ATTACKS {
        for format in report::FORMATS {
            let shown = (format.render)(&attacked(attack));
            let acts = |c: &char| (c.is_control() && *c != '\n' && *c != '\r') || ('\u{202a}'..='\u{202e}').contains(c);
            assert_eq!(shown.chars().find(acts), None, "{} shows {attack:?}", format.name);
        }
    }
}

#[test]
fn json_keeps_every_value_as_it_was() {
    for attack in ATTACKS {
        let report: serde_json::Value = serde_json::from_str(&report::json(&attacked(attack))).unwrap();
        assert_eq!(report["sightings"][0]["value"], *attack);
        assert_eq!(report["destinations"][1]["host"], *attack);
        serde_json::from_str::<serde_json::Value>(&report::sarif(&attacked(attack))).unwrap();
    }
}

#[test]
fn a_csv_row_stays_one_row() {
    for attack in ATTACKS {
        let csv = report::csv(&attacked(attack));
        let verdicts = small::audit().verdicts.len();
        assert_eq!(csv.matches("\r\n").count(), 2 + verdicts, "{attack:?}");
        assert!(!csv.split([',', '\n', '"']).any(|cell| cell.starts_with('=')), "{attack:?}");
    }
}

#[test]
fn markdown_has_no_tag_but_its_own() {
    for attack in ATTACKS {
        let outside_code = without_code(&report::markdown(&attacked(attack)));
        let own = ["<details>", "</details>", "<summary>", "</summary>"];
        let bare = own.iter().fold(outside_code, |text, tag| text.replace(tag, ""));
        assert!(!bare.contains('<') && !bare.contains('@'), "{attack:?}: {bare}");
    }
}

/// Markdown without its code spans (CommonMark §6.1): from a run of backticks
/// to the next run of the same length.
fn without_code(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        let before = &rest[..at];
        plain.push_str(before);
        let run = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        rest = &rest[at + run..];
        if before.ends_with('\\') {
            continue;
        }
        let mut close = 0;
        while let Some(next) = rest[close..].find('`').map(|next| close + next) {
            let length = rest[next..].len() - rest[next..].trim_start_matches('`').len();
            close = next + length;
            if length == run {
                rest = &rest[close..];
                break;
            }
        }
    }
    plain + rest
}
