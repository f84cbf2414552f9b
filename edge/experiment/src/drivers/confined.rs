//! Whether a browser runs with its sandbox, read from outside.
//!
//! Both families put a system-call filter on the processes that show pages
//! (`Seccomp: 2` in proc(5)). Asking the browser itself would be one page more
//! in the evidence, and the word of the accused.

use std::time::Duration;

use tokio::time::sleep;

use crate::cell::CellProcess;

/// Whether all its page processes are confined, once there are any: a process
/// that was just made may not be yet. They are told by this argument on their
/// command line.
pub(super) async fn pages(browser: &CellProcess, argument: &str) -> bool {
    for _ in 0..150 {
        if all_confined(&browser.family(), argument) == Some(true) {
            return true;
        }
        sleep(Duration::from_millis(100)).await;
    }
    false
}

/// Whether any process of a browser that nobody knows is confined: which of
/// them show pages cannot be told.
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
