//! Checks from outside whether a browser runs with its sandbox.
//!
//! Chromium and Firefox put a system-call filter on the processes that show pages
//! (`Seccomp: 2` in proc(5)). The browser's own statement would need another page
//! in the evidence, and would come from the audited program.

use std::time::Duration;

use tokio::time::sleep;

use crate::cell::CellProcess;

/// Whether all page processes have the filter; `argument` on the command line
/// marks a page process. Waits up to about 15 seconds, because a new process may
/// not have its filter yet.
pub(super) async fn pages(browser: &CellProcess, argument: &str) -> bool {
    for _ in 0..150 {
        if all_confined(&browser.family(), argument) == Some(true) {
            return true;
        }
        sleep(Duration::from_millis(100)).await;
    }
    false
}

/// Whether any process of an unknown browser has the filter. Its page processes
/// cannot be distinguished from the others.
pub(super) async fn any(browser: &CellProcess) -> bool {
    for _ in 0..50 {
        if browser.family().into_iter().any(is_confined) {
            return true;
        }
        sleep(Duration::from_millis(100)).await;
    }
    false
}

fn all_confined(family: &[u32], argument: &str) -> Option<bool> {
    let pages = family.iter().filter(|id| {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0 || *byte == b' ').any(|word| word == argument.as_bytes())
    });
    pages.map(|id| is_confined(*id)).reduce(|all, one| all && one)
}

fn is_confined(id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status.lines().any(|line| line.split_whitespace().eq(["Seccomp:", "2"]))
}
