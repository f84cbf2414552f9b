//! Whether the process that left a file still runs.

use std::fs;

/// Whether the process with this id and start time still runs. The kernel may reuse
/// the id, but the new process has another start time.
pub fn is(pid: u32, began: &str) -> bool {
    since(pid).is_some_and(|since| since == began)
}

/// The start time of a process, in the kernel's clock ticks.
pub fn since(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name may contain spaces and brackets, the fields after it do not.
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_number_and_when_it_began() {
        let me = std::process::id();
        assert!(is(me, &since(me).unwrap()));
        assert!(!is(me, "1"));
        // Higher than any process id of the kernel.
        assert!(!is(5_000_000, "1"));
    }
}
