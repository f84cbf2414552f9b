//! Chromium's first run: Chromium copies the preferences that its packager set
//! (`initial_preferences`, formerly `master_preferences`) into the profile, and
//! overwrites preferences that are already there.
//!
//! A driver that writes preferences therefore marks the first run as done and adds
//! the packager's preferences itself. `--no-first-run` would skip them, and the
//! browser would not be the one that people have.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// An empty file of this name in the user data folder marks the first run as done.
pub const SENTINEL: &str = "First Run";

/// Names of the packager's file, the newer one first.
const FILES: [&str; 2] = ["initial_preferences", "master_preferences"];

/// The packager's preferences for this program, with `ours` laid over them.
pub fn initial_preferences(program: &Path, ours: &Value) -> Value {
    let read = |path: PathBuf| serde_json::from_slice(&std::fs::read(path).ok()?).ok();
    let packaged = folders(program).into_iter().flat_map(|folder| FILES.map(|file| folder.join(file))).find_map(read);
    let mut all = match packaged {
        Some(Value::Object(all)) => all,
        _ => Map::new(),
    };
    // This part configures the first run and contains no preferences.
    all.remove("distribution");
    let mut all = Value::Object(all);
    lay_over(&mut all, ours);
    all
}

/// Folders that may hold the packager's file: Debian's, and the program's own.
fn folders(program: &Path) -> Vec<PathBuf> {
    let real = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    let beside = real.parent().map(Path::to_owned);
    let name = program.file_name().unwrap_or_default();
    let debian = (name == "chromium" || name == "chromium-browser").then(|| PathBuf::from("/etc/chromium"));
    debian.into_iter().chain(beside).collect()
}

fn lay_over(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (name, value) in above {
                lay_over(below.entry(name).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ours_lie_over_the_packagers_and_the_rest_of_these_stays() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let packaged = json!({"distribution": {"x": 1}, "search": {"suggest_enabled": false, "a": 1}, "net": 2});
        std::fs::write(folder.path().join("master_preferences"), packaged.to_string()).expect("the folder is ours");
        let program = folder.path().join("browser");
        std::fs::write(&program, b"").expect("the folder is ours");
        let all = initial_preferences(&program, &json!({"search": {"suggest_enabled": true}, "download": {"d": "x"}}));
        let expected = json!({"search": {"suggest_enabled": true, "a": 1}, "net": 2, "download": {"d": "x"}});
        assert_eq!(all, expected);
    }

    #[test]
    fn without_a_packagers_file_ours_are_all() {
        let ours = json!({"a": {"b": 1}});
        assert_eq!(initial_preferences(Path::new("/no/such/browser"), &ours), ours);
    }
}
