//! Whether the process that left a file still lives.

use std::fs;

/// Whether a process lives that began then. Another may have its number by now:
/// it began at another time.
pub fn is(pid: u32, began: &str) -> bool {
    since(pid).is_some_and(|since| since == began)
}

/// When a process began, in the kernel's ticks.
pub fn since(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Its name may hold spaces and brackets; what follows does not.
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
        // Above what the kernel gives out.
        assert!(!is(5_000_000, "1"));
    }
}
