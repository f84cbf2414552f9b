//! `sealed-traffic`: connections that could not be read, counted for each host.

use std::collections::BTreeMap;

use super::{Finding, Severity};
use crate::JudgeInput;

pub(super) fn find(case: &JudgeInput<'_>) -> Vec<Finding> {
    let mut by_host: BTreeMap<&str, u32> = BTreeMap::new();
    for one in case.traffic.iter().filter(|one| one.sealed) {
        *by_host.entry(&one.host).or_default() += 1;
    }
    by_host
        .into_iter()
        .map(|(host, count)| Finding {
            code: "sealed-traffic".into(),
            severity: Severity::Info,
            destination: case.destinations.iter().position(|destination| destination.host == host),
            phases: vec![],
            sightings: vec![],
            says: format!("{host}: {count} connections could not be read"),
        })
        .collect()
}
