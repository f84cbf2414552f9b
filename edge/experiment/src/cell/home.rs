//! Home folders on the host, for subjects without namespaces.
//!
//! A home is removed with its cell. A killed Candor cannot remove it, so the next
//! Candor does. The name of the folder contains the process id of its maker.

use std::path::Path;

const PREFIX: &str = "candor-home-";

/// Prefix of the names of homes that this process makes.
pub(super) fn prefix(process: u32) -> String {
    format!("{PREFIX}{process}-")
}

/// Removes homes whose maker no longer runs. A folder that cannot be removed
/// belongs to another user and stays.
pub(super) fn clear_abandoned(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let abandoned = entry.file_name().to_str().and_then(maker).is_some_and(|maker| !is_there(maker));
        if abandoned && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn maker(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok()
}

fn is_there(process: u32) -> bool {
    Path::new("/proc").join(process.to_string()).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_of_the_dead_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut dead = std::process::Command::new("true").spawn().expect("true(1) is everywhere");
        let gone = dead.id();
        dead.wait().expect("it was ours");
        let make = |name: String| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.join("profile")).expect("the folder is ours");
            path
        };
        let abandoned = make(format!("{}x", prefix(gone)));
        let (ours, other) = (make(format!("{}x", prefix(std::process::id()))), make(format!("other-home-{gone}-x")));
        clear_abandoned(folder.path());
        assert!(!abandoned.exists() && ours.exists() && other.exists());
    }
}
