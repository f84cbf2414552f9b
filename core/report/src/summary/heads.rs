//! The head and the end of every report: the subject, the acts, the conditions, and the limits of
//! the report.

use audit::Audit;
use judge::{Outcome, SentenceClass};
use model::{NoteCode, SubjectOrigin, SwitchSetting};

use super::ActTotals;
use crate::{
    sanitize::inert,
    wording::{count, duration, listed},
};

/// `Chromium 156.0.8078.79`, `Reporting browser 3.4.0`, or the captures.
pub(crate) fn subject(audit: &Audit) -> String {
    let Some(run) = &audit.run else { return captures(audit) };
    let subject = &run.subject;
    let mut name = inert(&subject.name).replace('-', " ");
    if let Some(first) = name.get(..1) {
        name = first.to_uppercase() + &name[1..];
    }
    match &subject.edition {
        Some(edition) => format!("{name} {}", inert(edition)),
        None => format!("{name} {}", inert(&subject.version)).trim_end().to_owned(),
    }
}

/// One sentence with the outcome.
pub(crate) fn heading(audit: &Audit) -> String {
    let subject = subject(audit);
    if audit.verdicts.is_empty() {
        let found = super::telling(audit).len() as u64;
        return match found {
            0 => format!("{subject}: nothing personal was recognised in what could be read"),
            found => format!("{subject}: {}", count(found, "finding")),
        };
    }
    let against = [
        clause(audit, SentenceClass::Promise, Outcome::accuses, "broke", "promise"),
        clause(audit, SentenceClass::Expectation, Outcome::accuses, "did not meet", "expectation"),
    ];
    let for_it = [
        clause(audit, SentenceClass::Promise, Outcome::acquits, "kept", "promise"),
        clause(audit, SentenceClass::Expectation, Outcome::acquits, "met", "expectation"),
    ];
    let said = |clauses: [Option<String>; 2]| clauses.into_iter().flatten().collect::<Vec<String>>().join(" and ");
    match (said(against), said(for_it)) {
        (broken, _) if !broken.is_empty() => format!("{subject} {broken}"),
        (_, kept) if kept.is_empty() => format!("{subject}: nothing could be decided"),
        (_, kept) if audit.verdicts.iter().any(|one| one.outcome.is_undecided()) => {
            format!("{subject} {kept}; the rest is not decided")
        }
        (_, kept) => format!("{subject} {kept}"),
    }
}

/// `broke 2 of 3 promises`; none if no sentence of the class has such an outcome. Promises of the
/// maker and expectations of it are counted apart.
fn clause(audit: &Audit, class: SentenceClass, is: fn(Outcome) -> bool, verb: &str, noun: &str) -> Option<String> {
    let all: Vec<Outcome> =
        audit.verdicts.iter().filter(|one| one.sentence.class == class).map(|one| one.outcome).collect();
    let some = all.iter().filter(|outcome| is(**outcome)).count();
    let what = match (some, all.len()) {
        (0, _) => return None,
        (1, 1) => format!("the one {noun}"),
        (some, all) if some == all => format!("all {all} {noun}s"),
        (some, all) => format!("{some} of {all} {noun}s"),
    };
    Some(format!("{verb} {what}"))
}

/// The acts, in sentences that can be understood alone.
pub(crate) fn done(audit: &Audit) -> Vec<String> {
    let Some(run) = &audit.run else {
        return vec![format!(
            "Candor looked into {} with {}. Nobody was judged: that needs an experiment.",
            count(audit.captures.len() as u64, "capture"),
            count(super::requests_and_lookups(audit).0, "request")
        )];
    };
    let deeds = ActTotals::of(audit);
    let name = match &run.subject.edition {
        Some(_) => inert(&run.subject.name).replace('-', " "),
        None => inert(&run.subject.name).into_owned(),
    };
    let is_by_cable = matches!(SubjectOrigin::of(&run.subject.name), SubjectOrigin::App(_));
    let told = deeds.told();
    let mut sentences = vec![if run.is_by_hand() {
        let acts = if told.is_empty() { "left it alone".into() } else { listed(&told) };
        format!("A person with the {name} in the hand, led by Candor, {acts}.")
    } else {
        let mut acts = vec![match deeds.installs {
            _ if is_as_left(audit) => format!("used {name} as it was left on the phone"),
            0 | 1 => format!("set up {name} afresh"),
            n => format!("set up {name} afresh {n} times"),
        }];
        acts.extend(told);
        format!("Candor {}.", listed(&acts))
    }];
    if deeds.blank > 0 {
        let once = if deeds.blank == 1 { "Once".to_owned() } else { format!("{} times", deeds.blank) };
        sentences.push(format!("{once} nothing at all was opened, to see what it sends anyway."));
    }
    let from = match (is_by_cable, run.is_by_hand()) {
        (true, _) => "it or another app on the phone",
        (_, true) => "the phone itself",
        _ => "the program itself",
    };
    sentences.push(format!(
        "Every page was made by Candor for this test, so whatever was sent anywhere else came from {from}."
    ));
    sentences
}

/// Whether the subject was used in the state that its owner left, and not freshly installed.
pub(crate) fn is_as_left(audit: &Audit) -> bool {
    let kept = |trial: &model::Trial| trial.arm.switches.iter().any(|switch| switch.position == SwitchSetting::AsLeft);
    audit.run.as_ref().is_some_and(model::Run::is_by_hand) || audit.trials.iter().any(kept)
}

/// The conditions of the run, each as a sentence.
pub(crate) fn conditions(audit: &Audit) -> Vec<String> {
    let Some(run) = &audit.run else { return vec![] };
    let mut told = Vec::new();
    if run.sinkhole {
        told.push(
            "Without the maker’s remote configuration: no server was contacted, Candor answered for all of them."
                .into(),
        );
    }
    told.push(match run.bypass_watched {
        true => "Traffic past the proxy was watched too: the program had a network of its own.".into(),
        false => "Traffic past the proxy was not watched, so nothing can be called kept.".to_owned(),
    });
    told.extend(run.conditions.iter().map(|condition| inert(condition).into_owned()));
    told
}

/// The limits of this report, each as a sentence.
pub(crate) fn untold(audit: &Audit) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(early) = &audit.early {
        told.push(format!("The run ended before its plan did: {}.", inert(early).trim_end_matches('.')));
    }
    for trial in &audit.trials {
        if let Some(failed) = &trial.failed {
            told.push(format!("Trial {} failed: {}.", trial.id, inert(failed).trim_end_matches('.')));
        }
    }
    for (code, count) in not_done(audit) {
        told.push(format!("{} ({}).", inert(&code), crate::wording::count(count, "time")));
    }
    told.extend(kept_from(audit));
    for ignored in &audit.ignored {
        told.push(format!("{} was not looked for: {}.", inert(&ignored.canary), inert(&ignored.because)));
    }
    if audit.run.is_none() && audit.plants.is_empty() && audit.programs.is_empty() {
        told.push(
            "Little was looked for: no value was given to look for (--canaries), and no program whose data is known was \
             recognised. That nothing was found says little."
                .to_owned(),
        );
    }
    if audit.run.is_some() {
        let seconds = ActTotals::of(audit).seconds;
        told.push(format!(
            "What is sent later than this was not waited for: the longest trial took {}.",
            duration(seconds)
        ));
    }
    told
}

/// Notes on traffic that is neither a TCP connection nor DNS: code, counted unit, and sentence.
const BESIDE_CONNECTIONS: [(NoteCode, &str, &str); 4] = [
    (NoteCode::PacketsRefused, "packet", "What is neither TCP nor DNS was refused"),
    (NoteCode::PacketsUnread, "packet", "What is neither TCP nor DNS passed by unread"),
    (
        NoteCode::PacketsLost,
        "time",
        "More packets came at once than could be written down, and nobody looked into those",
    ),
    (
        NoteCode::LoopbackCall,
        "call",
        "Programs on the machine itself were called, and what they were told was not looked into",
    ),
];

/// One sentence for each thing that Candor blocked so that it could read the
/// traffic, and for each kind of traffic that it could not read.
fn kept_from(audit: &Audit) -> Vec<String> {
    let noted = |code: NoteCode| audit.notes.iter().filter(|note| note.code == code).map(|note| note.count).sum();
    let (quic, offers): (u64, u64) = (noted(NoteCode::QuicRefused), noted(NoteCode::AltSvcRemoved));
    let mut told = Vec::new();
    if quic > 0 {
        let packets = crate::wording::count(quic, "packet");
        told.push(format!("QUIC was refused ({packets}), so that clients fell back to what can be read."));
    }
    if offers > 0 {
        let servers = crate::wording::count(offers, "server");
        told.push(format!("Offers of HTTP/3 were taken out of what {servers} said."));
    }
    for (code, thing, says) in BESIDE_CONNECTIONS {
        let count: u64 = noted(code);
        if count > 0 {
            told.push(format!("{says} ({}).", crate::wording::count(count, thing)));
        }
    }
    told
}

/// Steps that could not be done, with the number of times; equal notes are counted together.
fn not_done(audit: &Audit) -> Vec<(String, u64)> {
    let mut steps: Vec<(String, u64)> = Vec::new();
    for note in audit.notes.iter().filter(|note| note.code.is_omission()) {
        let what = format!("{}: {}", note.code.replace('-', " "), note.says);
        match steps.iter_mut().find(|(known, _)| *known == what) {
            Some((_, count)) => *count += note.count,
            None => steps.push((what, note.count)),
        }
    }
    for (what, _) in &mut steps {
        *what = crate::wording::sentence(what);
    }
    steps
}

fn captures(audit: &Audit) -> String {
    let names: Vec<String> = audit.captures.iter().map(|capture| inert(&capture.source).into_owned()).take(3).collect();
    match audit.captures.len() {
        0 => "Nothing".into(),
        n if n > 3 => format!("{} and {} more", names.join(", "), n - 3),
        _ => listed(&names),
    }
}
