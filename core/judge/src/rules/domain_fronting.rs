//! `domain-fronting`: requests that went to one host under the name of another,
//! in `Host`, `:authority` or the ClientHello (MITRE ATT&CK T1090.004).
//!
//! A destination is the host that the connection went to, so a false name
//! acquits nobody. It is reported because an ordinary program has no reason to
//! use one.

use std::collections::BTreeMap;

use super::{Finding, Severity};
use crate::JudgeInput;

pub(super) fn find(case: &JudgeInput<'_>) -> Vec<Finding> {
    let mut by_hosts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for one in case.traffic {
        if let Some(name) = &one.foreign_name {
            *by_hosts.entry((&one.host, name)).or_default() += 1;
        }
    }
    by_hosts
        .into_iter()
        .map(|((host, name), count)| Finding {
            code: "domain-fronting".into(),
            severity: Severity::High,
            destination: case.destinations.iter().position(|destination| destination.host == host),
            phases: vec![],
            sightings: vec![],
            says: match count {
                1 => format!("a request went to {host} under the name of {name}"),
                _ => format!("{count} requests went to {host} under the name of {name}"),
            },
        })
        .collect()
}
