//! Sightings held against what really left.

use std::{collections::BTreeSet, fmt, path::Path};

use serde_json::Value;

/// What a capture's truth file says.
pub struct Truth {
    pub canaries: Vec<Planted>,
    /// Requests whose body the HAR lost.
    absent: BTreeSet<u64>,
}

/// A canary, and where it went.
pub struct Planted {
    pub id: String,
    pub kind: String,
    pub value: String,
    left: Left,
    /// Requests in which it can be read without a key that is not there.
    readable: BTreeSet<u64>,
    /// All requests that carry it.
    requests: BTreeSet<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Yes,
    No,
    /// Nobody knows, or nobody can: not counted.
    Uncounted,
}

impl Truth {
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("the truth is there");
        let truth: Value = serde_json::from_str(&text).expect("the truth is JSON");
        let canaries = truth["canaries"].as_array().expect("the truth lists canaries");
        let requests = truth["requests"].as_array().expect("the truth lists requests");
        let absent = requests.iter().filter(|one| one["har_body"] == "absent").filter_map(|one| one["index"].as_u64());
        Self { canaries: canaries.iter().map(Planted::of).collect(), absent: absent.collect() }
    }

    /// Without the bodies that the HAR does not have.
    pub fn of_har(mut self) -> Self {
        for canary in &mut self.canaries {
            canary.readable.retain(|at| !self.absent.contains(at));
        }
        self
    }
}

impl Planted {
    fn of(canary: &Value) -> Self {
        let text = |name: &str| canary[name].as_str().expect("a canary has id, kind and value").to_owned();
        let number = |value: &Value| value.as_u64();
        let occurrences = canary["occurrences"].as_array().cloned().unwrap_or_default();
        let readable = |one: &&Value| one["recoverable"] != Value::Bool(false);
        let left = match &canary["left"] {
            // The visited host stands in every Origin header: it is not scored.
            _ if text("kind") == "visited_host" => Left::Uncounted,
            Value::Bool(true) if canary["recoverable"] == Value::Bool(false) => Left::Uncounted,
            Value::Bool(true) => Left::Yes,
            Value::Bool(false) => Left::No,
            _ => Left::Uncounted,
        };
        Self {
            id: text("id"),
            kind: text("kind"),
            value: text("value"),
            left,
            readable: occurrences.iter().filter(readable).filter_map(|one| number(&one["request"])).collect(),
            requests: canary["requests"].as_array().into_iter().flatten().filter_map(number).collect(),
        }
    }
}

/// What was found of what left, over all captures.
#[derive(Default)]
pub struct Score {
    canaries: [usize; 2],
    pairs: [usize; 2],
    /// Found and left, and in another request.
    mislocated: Vec<String>,
    missed: Vec<String>,
    false_alarms: Vec<String>,
}

impl Score {
    pub fn add(&mut self, capture: &str, truth: &Truth, seen: &[(String, u64)]) {
        for canary in &truth.canaries {
            let at: BTreeSet<u64> = seen.iter().filter(|(id, _)| *id == canary.id).map(|(_, at)| *at).collect();
            match canary.left {
                Left::Uncounted => {}
                Left::No => self.false_alarms.extend(at.iter().map(|at| format!("{capture} {at} {}", canary.id))),
                Left::Yes => self.count(capture, canary, &at),
            }
        }
    }

    fn count(&mut self, capture: &str, canary: &Planted, at: &BTreeSet<u64>) {
        let found = canary.readable.intersection(at).count();
        self.canaries[0] += usize::from(!canary.requests.is_disjoint(at));
        self.canaries[1] += 1;
        self.pairs[0] += found;
        self.pairs[1] += canary.readable.len();
        let missed = canary.readable.difference(at).map(|at| format!("{capture} {at} {}", canary.id));
        self.missed.extend(missed);
        let elsewhere = at.difference(&canary.requests).map(|at| format!("{capture} {at} {}", canary.id));
        self.mislocated.extend(elsewhere);
    }

    /// Everything was found, and nothing else.
    pub fn assert_whole(&self) {
        assert!(self.missed.is_empty() && self.false_alarms.is_empty() && self.mislocated.is_empty(), "{self}");
        assert!(self.canaries[1] > 0, "nothing was scored");
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [found, all] = self.canaries;
        writeln!(f, "canaries {found}/{all}, (canary, request) {}/{}", self.pairs[0], self.pairs[1])?;
        for (what, list) in
            [("missed", &self.missed), ("false alarm", &self.false_alarms), ("elsewhere", &self.mislocated)]
        {
            list.iter().try_for_each(|one| writeln!(f, "  {what}: {one}"))?;
        }
        Ok(())
    }
}
