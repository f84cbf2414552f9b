//! The settings with which a subject really ran, read from outside: its whole
//! command line, its environment, its package, and the preferences in its profile
//! at the end. The plan only says what Candor asked for.

use std::{path::Path, process::Command};

use knowledge::subjects::SubjectDriver;
use serde_json::Value;

use crate::cell::{Cell, CellProcess};

/// Programs by which Candor starts a subject; they are not the subject.
const STARTERS: [&str; 4] = ["setpriv", "unshare", "sh", "dbus-run-session"];

/// Parts of the names of environment variables with credentials.
const CREDENTIALS: [&str; 4] = ["KEY", "SECRET", "TOKEN", "PASSWORD"];

/// The command line of the subject's first process, as proc(5) has it.
pub(crate) fn command_line(process: &CellProcess) -> Option<String> {
    let words = words_of(subject_of(process)?, "cmdline");
    shlex::try_join(words.iter().map(String::as_str)).ok()
}

/// The environment of this process. The values of credentials are left out.
pub(crate) fn environment(process: &CellProcess) -> Option<String> {
    let mut pairs: Vec<String> =
        words_of(subject_of(process)?, "environ").iter().map(|pair| without_credential(pair)).collect();
    pairs.sort();
    Some(pairs.join(" "))
}

/// The first process that is not one of Candor's starters.
fn subject_of(process: &CellProcess) -> Option<u32> {
    let is_own = |id: &u32| words_of(*id, "cmdline").first().is_some_and(|word| !is_starter(word));
    process.family().into_iter().find(is_own)
}

fn words_of(id: u32, file: &str) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
    let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

fn is_starter(program: &str) -> bool {
    Path::new(program).file_name().is_some_and(|name| STARTERS.iter().any(|starter| *starter == name))
}

fn without_credential(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if CREDENTIALS.iter().any(|part| name.contains(part)) => format!("{name}=…"),
        _ => pair.to_owned(),
    }
}

/// Debian's package of a program: its name, version with revision, and source.
pub(crate) fn package(program: &Path) -> Option<String> {
    let run = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output().ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok()
    };
    let path = program.to_str()?;
    let owner = run("dpkg-query", &["-S", path])?;
    let name = owner.lines().find_map(|line| line.split_once(':'))?.0.split(',').next()?.to_owned();
    let format = "-f=${Package} ${Version} (source ${source:Package} ${source:Version})";
    run("dpkg-query", &["-W", format, &name]).filter(|said| !said.is_empty())
}

/// The values of these preferences in a profile, one sentence each, or why it cannot be read.
pub(crate) async fn preferences(cell: &Cell, driver: SubjectDriver, profile: &str, names: &[String]) -> Vec<String> {
    let file = if driver == SubjectDriver::Firefox { "prefs.js" } else { "Default/Preferences" };
    let Ok(content) = cell.read(format!("{profile}/{file}")).await else {
        return vec![format!("the preferences of the profile could not be read ({file})")];
    };
    let value = |name: &str| match driver {
        SubjectDriver::Firefox => of_firefox(&content, name),
        _ => of_chromium(&content, name),
    };
    let told = |name: &String| match value(name) {
        Some(value) => format!("{name} = {value}"),
        None => format!("{name} is not set: as the program was built"),
    };
    names.iter().map(told).collect()
}

/// Reads a dotted name (`search.suggest_enabled`) from nested objects.
fn of_chromium(content: &[u8], name: &str) -> Option<String> {
    let all: Value = serde_json::from_slice(content).ok()?;
    let value = name.split('.').try_fold(&all, |at, part| at.get(part))?;
    Some(value.to_string())
}

/// Reads a value from `prefs.js`: one `user_pref("name", value);` a line.
fn of_firefox(content: &[u8], name: &str) -> Option<String> {
    let start = format!("user_pref({}, ", Value::from(name));
    let text = String::from_utf8_lossy(content);
    let line = text.lines().find_map(|line| line.strip_prefix(&start))?;
    Some(line.trim_end().trim_end_matches(");").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read_by_their_dotted_names() {
        let content = br#"{"search":{"suggest_enabled":false},"a":{"b":{"c":2}}}"#;
        assert_eq!(of_chromium(content, "search.suggest_enabled").as_deref(), Some("false"));
        assert_eq!(of_chromium(content, "a.b.c").as_deref(), Some("2"));
        assert_eq!(of_chromium(content, "a.x"), None);
        assert_eq!(of_chromium(b"cut {", "a"), None);
    }

    #[test]
    fn preferences_of_firefox_stand_a_line_each() {
        let content = b"// head\nuser_pref(\"a.b\", true);\nuser_pref(\"a.b.c\", \"x;y\");\n";
        assert_eq!(of_firefox(content, "a.b").as_deref(), Some("true"));
        assert_eq!(of_firefox(content, "a.b.c").as_deref(), Some("\"x;y\""));
        assert_eq!(of_firefox(content, "a"), None);
    }

    #[test]
    fn a_credential_is_told_by_its_name_alone() {
        assert_eq!(without_credential("GOOGLE_API_KEY=abc"), "GOOGLE_API_KEY=…");
        assert_eq!(without_credential("LANG=C.UTF-8"), "LANG=C.UTF-8");
    }

    #[test]
    fn what_starts_a_subject_is_no_part_of_it() {
        assert!(is_starter("/usr/bin/setpriv") && is_starter("sh") && !is_starter("/usr/lib/chromium/chromium"));
    }
}
