//! The same again: the same evidence gives the same bytes wherever it is read,
//! and the same seed the same plan and verdicts on a machine of another name,
//! in another time zone and language.
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

mod run;

use std::{collections::BTreeMap, path::Path, process::Command};

use run::{Run, json_of, missing, told::verdicts};

/// What `candor` says of a file of evidence on another machine.
fn elsewhere(evidence: &str, format: &str) -> Vec<u8> {
    let mut there = run::elsewhere(&["report", evidence, "--format", format]);
    let output = there.current_dir("/").output().expect("unshare(1) starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What was planted, and the steps of each trial, as the evidence has them.
#[derive(Debug, Default, PartialEq)]
struct Plan {
    planted: BTreeMap<String, String>,
    steps: BTreeMap<u32, Vec<String>>,
}

fn plan(evidence: &str) -> Plan {
    let mut plan = Plan::default();
    let evidence = evidence::Evidence::open(Path::new(evidence)).expect("it can be opened");
    let read = evidence.records(|record| match record {
        model::Record::Plant(plant) => {
            let trial = plant.trial.map(|trial| trial.to_string()).unwrap_or_default();
            plan.planted.insert(format!("{trial} {}", plant.canary.id), plant.canary.value.clone());
        }
        model::Record::Phase(phase) => {
            plan.steps.entry(phase.trial).or_default().push(format!("{} {}", phase.mode.word(), phase.name));
        }
        _ => {}
    });
    read.expect("it can be read");
    plan
}

#[test]
fn on_another_machine_the_plan_the_verdicts_and_the_bytes_are_the_same() {
    if missing(&["chromium", "nft", "ip", "unshare", "hostname"]) {
        return;
    }
    let arguments = ["reporting-browser@3.4.0", "--scenario", "brief", "--headless", "--seed", "5"];
    let (here, there) = (Run::audit(&arguments), Run::audit_elsewhere(&arguments));
    assert_eq!((here.status, there.status), (1, 1), "{}", there.said);
    assert_eq!(verdicts(&here.report()), verdicts(&there.report()));
    let (first, second) = (plan(&here.evidence()), plan(&there.evidence()));
    assert!(first.planted.len() > 30 && first.steps.len() == 3, "{first:?}");
    assert_eq!(first, second);

    let evidence = here.evidence();
    assert_eq!(json_of(&evidence).as_bytes(), elsewhere(&evidence, "json"));
    for format in ["sarif", "csv", "markdown"] {
        let mut report = Command::new(env!("CARGO_BIN_EXE_candor"));
        let output = report.args(["report", &evidence, "--format", format]).output().expect("candor starts");
        assert_eq!(output.stdout, elsewhere(&evidence, format), "{format}");
    }
}
