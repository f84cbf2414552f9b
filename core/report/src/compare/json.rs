//! Everything, for programs. A shape of its own: the inner types may change.

use audit::{AuditDifference, ComparedAudit, DataFlow, FindingKey};
use judge::{Outcome, SentenceClass};
use serde_json::{Value, json};

use crate::sanitize::inert;

pub(super) fn json(difference: &AuditDifference) -> String {
    let turns: Vec<Value> = difference
        .turns
        .iter()
        .map(|turn| {
            json!({
                "id": turn.promise,
                "quote": (turn.sentence.class == SentenceClass::Promise).then(|| inert(&turn.sentence.words)),
                "class": turn.sentence.class.word(),
                "sentence": inert(&turn.sentence.words),
                "source": inert(&turn.sentence.source.line()),
                "before": turn.before.map(Outcome::word),
                "after": turn.after.map(Outcome::word),
                "worse": turn.is_worse(),
                "because": inert(&turn.because),
            })
        })
        .collect();
    let value = json!({
        "candor-compare": 1,
        "before": side(&difference.before),
        "after": side(&difference.after),
        "unlike": difference.unlike.iter().map(|one| inert(one)).collect::<Vec<_>>(),
        "promises": turns,
        "began": difference.began.iter().map(flow).collect::<Vec<_>>(),
        "stopped": difference.stopped.iter().map(flow).collect::<Vec<_>>(),
        "new-findings": difference.new_findings.iter().map(claim).collect::<Vec<_>>(),
        "gone-findings": difference.gone_findings.iter().map(claim).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn side(side: &ComparedAudit) -> Value {
    json!({
        "subject": inert(&side.subject),
        "version": inert(&side.version),
        "scenario": inert(&side.scenario),
        "head": side.head,
        "early": side.early,
        "simulation": side.simulation,
    })
}

fn flow(flow: &DataFlow) -> Value {
    json!({"kind": inert(&flow.kind), "host": inert(&flow.host), "mode": flow.mode.word()})
}

fn claim(claim: &FindingKey) -> Value {
    json!({
        "code": inert(&claim.code),
        "host": inert(&claim.host),
        "severity": claim.severity.word(),
        "says": inert(&claim.says),
    })
}
