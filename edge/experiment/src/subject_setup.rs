//! Prepares a subject: finds and identifies its program, and lays out the
//! extension that is part of it.

use std::{io::Read, path::PathBuf};

use knowledge::{
    Knowledge,
    subjects::{Preferences, SubjectDriver, SubjectEdition, SubjectSpec},
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    Error,
    cell::{Cell, find},
    desktop::{self, DesktopEntry},
    drivers::launch::LaunchSpec,
};

/// The installed desktop entry of a subject; if there is none, the first of its
/// programs that is installed, without arguments.
pub(crate) fn entry_of(subject: &SubjectSpec) -> Result<DesktopEntry, Error> {
    let plain = |program| DesktopEntry { file: None, program, args: vec![] };
    let by_entry = subject.desktop.as_deref().and_then(desktop::installed);
    let by_name = || subject.programs.iter().find_map(|program| find(program)).map(plain);
    by_entry.or_else(by_name).ok_or_else(|| Error::NoSubject {
        subject: subject.name.clone(),
        tried: subject.programs.join(", "),
        package: subject.package.clone().unwrap_or_default(),
    })
}

/// SHA-256 of the program, in hex. A script starts Debian's browsers; the program
/// itself is then `/usr/lib/NAME/NAME`.
pub(crate) fn digest_of(program: &std::path::Path) -> Result<String, Error> {
    let mut path = program.to_owned();
    if starts_with_script(&path)
        && let Some(name) = program.file_name()
    {
        let real = PathBuf::from("/usr/lib").join(name).join(name);
        if real.is_file() {
            path = real;
        }
    }
    let unreadable = |source| Error::Read { path: path.display().to_string(), source };
    let mut file = std::fs::File::open(&path).map_err(unreadable)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece).map_err(unreadable)? {
            0 => break,
            read => hash.update(&piece[..read]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn starts_with_script(path: &std::path::Path) -> bool {
    let mut head = [0; 2];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && &head == b"#!"
}

/// Writes the subject's extension, configured for the edition, into the subject's
/// home and returns the folder.
pub(crate) async fn extension(
    cell: &Cell,
    knowledge: &Knowledge,
    subject: &SubjectSpec,
    edition: Option<&SubjectEdition>,
) -> Result<Option<PathBuf>, Error> {
    let Some(folder) = &subject.extension else { return Ok(None) };
    let config = edition.map(|edition| &edition.config);
    // A data file contains only strings, numbers, booleans and lists, so this cannot fail.
    let config = serde_json::to_value(config).unwrap_or_default();
    crate::extension::lay_out(cell, &knowledge.files, folder, &config).await.map(Some)
}

/// Command line arguments of a subject in an edition.
pub(crate) fn arguments(subject: &SubjectSpec, edition: Option<&SubjectEdition>) -> Vec<String> {
    let of_edition = edition.map(|edition| edition.arguments.as_slice()).unwrap_or_default();
    subject.arguments.iter().chain(of_edition).cloned().collect()
}

/// The subject's initial preferences, as its driver needs them: nested for
/// Chromium, flat for Firefox.
pub(crate) fn preferences(subject: &SubjectSpec, edition: Option<&SubjectEdition>) -> Value {
    let mut all = Map::new();
    for (name, value) in preferred(subject, edition) {
        let value = serde_json::to_value(value).unwrap_or_default();
        match subject.driver {
            SubjectDriver::Chromium => nest(&mut all, name, value),
            _ => drop(all.insert(name.clone(), value)),
        }
    }
    if all.is_empty() { Value::Null } else { Value::Object(all) }
}

/// The reference's profile folder, relative to its home: Chromium's default one;
/// for other browsers Candor chooses it.
pub(crate) fn usual_profile(subject: &SubjectSpec) -> &'static str {
    match subject.driver {
        SubjectDriver::Chromium => ".config/chromium",
        _ => "profile",
    }
}

/// Adapts the launch for the reference, which has no remote control. Firefox reads
/// authorities only from its profile, so Candor creates the profile first and names
/// it on the command line.
pub(crate) fn as_a_person_starts_it(launch: &mut LaunchSpec, subject: &SubjectSpec) {
    usual_profile(subject).clone_into(&mut launch.profile);
    if subject.driver == SubjectDriver::Firefox {
        launch.args.extend(["--profile".to_owned(), "{profile}".to_owned()]);
        launch.nss = vec![launch.profile.clone()];
    }
}

/// How the subject differs from a fresh installation, for the report.
pub(crate) fn conditions(subject: &SubjectSpec, edition: Option<&SubjectEdition>) -> Vec<String> {
    let arguments = arguments(subject, edition).into_iter().filter(|argument| !argument.contains('{'));
    let arguments = arguments.map(|argument| format!("started with {argument}"));
    let preferences = preferred(subject, edition).map(|(name, value)| format!("started with {name} = {value}"));
    arguments.chain(preferences).collect()
}

fn preferred<'s>(
    subject: &'s SubjectSpec,
    edition: Option<&'s SubjectEdition>,
) -> impl Iterator<Item = <&'s Preferences as IntoIterator>::Item> {
    subject.preferences.iter().chain(edition.into_iter().flat_map(|edition| &edition.preferences))
}

/// `search.suggest_enabled` → `{"search": {"suggest_enabled": …}}`
fn nest(into: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => drop(into.insert(name.to_owned(), value)),
        Some((outer, rest)) => {
            let inner = into.entry(outer).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                nest(inner, rest, value);
            }
        }
    }
}

/// Which system this is: `Debian GNU/Linux 12 (bookworm), Linux 6.1`.
pub(crate) fn host() -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map_or("unknown system", |name| name.trim_matches('"'));
    let kernel = rustix::system::uname();
    format!("{name}, {} {}", kernel.sysname().to_string_lossy(), kernel.release().to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_honest_edition_says_what_was_switched_off_for_it() {
        let knowledge = Knowledge::built_in();
        let subject =
            knowledge.subjects.iter().find(|subject| subject.name == "reporting-browser").expect("it is there");
        let honest = subject.edition(Some("honest"));
        assert_eq!(
            conditions(subject, honest),
            [
                "started with --disable-features=AutofillServerCommunication",
                "started with search.suggest_enabled = false"
            ]
        );
        assert_eq!(preferences(subject, honest).to_string(), r#"{"search":{"suggest_enabled":false}}"#);
        assert_eq!(conditions(subject, subject.edition(Some("3.4.0"))), Vec::<String>::new());
    }
}
