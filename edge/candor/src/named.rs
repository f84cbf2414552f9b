//! Finds the subject that a person names: by its name, its path, or its command line.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Result, bail};
use knowledge::{
    Knowledge,
    subjects::{CertificateTrust, Preferences, SubjectDriver, SubjectEdition, SubjectSpec},
};
use model::SubjectOrigin;

/// Finds `chromium`, `reporting-browser@3.4.0`, `/opt/some/browser`, `android:com.android.chrome`.
pub fn subject(knowledge: &Knowledge, wanted: &str) -> Result<(SubjectSpec, Option<SubjectEdition>)> {
    match SubjectOrigin::of(wanted) {
        SubjectOrigin::App(package) => return Ok((app(knowledge, package)?, None)),
        SubjectOrigin::Path(path) => return Ok((by_path(path)?, None)),
        SubjectOrigin::CommandLine(_) | SubjectOrigin::Described(_) => {}
    }
    let (name, edition) = wanted.split_once('@').map_or((wanted, None), |(name, edition)| (name, Some(edition)));
    let Some(subject) = knowledge.subjects.iter().find(|subject| subject.name == name) else {
        let known: Vec<&str> = knowledge.subjects.iter().map(|subject| subject.name.as_str()).collect();
        bail!("no subject is called {name}; there are {}, or name a browser by its path", known.join(", "));
    };
    let found = subject.edition(edition).cloned();
    if let (Some(edition), None) = (edition, &found) {
        let known: Vec<&str> = subject.editions.iter().map(|edition| edition.name.as_str()).collect();
        if known.is_empty() {
            bail!("{name} has no editions: candor audit {name}");
        }
        bail!("{name} has no edition {edition}; there are: {}", known.join(", "));
    }
    match subject.apps.first() {
        Some(package) => Ok((app(knowledge, package)?, found)),
        None => Ok((subject.clone(), found)),
    }
}

/// An app on a phone that adb reaches: `android:com.android.chrome`. The package
/// name identifies the app among those of a known subject.
fn app(knowledge: &Knowledge, package: &str) -> Result<SubjectSpec> {
    let is_name = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    if !package.contains('.') || !package.split('.').all(is_name) {
        bail!(
            "{package:?} is not the name of an app: they look like com.android.chrome (`adb shell pm list packages`)"
        );
    }
    let name = SubjectOrigin::App(package).name();
    let known = knowledge.subjects.iter().find(|subject| subject.is_called(&name)).cloned();
    let found = known.unwrap_or_else(|| unknown("", SubjectDriver::Android));
    Ok(SubjectSpec { name, ..found })
}

/// A browser built on Chromium or Firefox. Candor knows nothing else of it: neither
/// who makes it, nor whether it reports.
fn by_path(path: &str) -> Result<SubjectSpec> {
    if !Path::new(path).is_file() {
        bail!("there is no program {path}");
    }
    let file = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
    let driver = if file.contains("firefox") { SubjectDriver::Firefox } else { SubjectDriver::Chromium };
    Ok(SubjectSpec { programs: vec![path.into()], ..unknown(path, driver) })
}

/// Any other browser, driven through its window.
pub fn by_line(line: &str, private: &[String], keys: &[String]) -> Result<SubjectSpec> {
    let words = words(line)?;
    let Some((program, arguments)) = words.split_first() else { bail!("--command names no program") };
    let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy();
    Ok(SubjectSpec {
        programs: vec![program.clone()],
        arguments: arguments.to_vec(),
        private_arguments: private.to_vec(),
        address_keys: keys.to_vec(),
        ..unknown(&SubjectOrigin::CommandLine(&name).name(), SubjectDriver::Window)
    })
}

fn unknown(name: &str, driver: SubjectDriver) -> SubjectSpec {
    SubjectSpec {
        simulation: false,
        name: name.to_owned(),
        says: String::new(),
        driver,
        programs: vec![],
        trust: CertificateTrust::Authority,
        desktop: None,
        private_keys: None,
        read_back: vec![],
        package: None,
        arguments: vec![],
        private_arguments: vec![],
        environment: BTreeMap::new(),
        address_keys: vec![],
        scenario: None,
        preferences: Preferences::new(),
        extension: None,
        apps: vec![],
        private: None,
        maker: String::new(),
        search: Some("duckduckgo.com".into()),
        reports: false,
        editions: vec![],
        switches: vec![],
    }
}

/// Splits a command line into words, at spaces outside quotes.
fn words(line: &str) -> Result<Vec<String>> {
    let (mut words, mut word, mut quote) = (vec![], None::<String>, None);
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        bail!("--command ends inside a quotation: {line}");
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_split_as_a_shell_would() {
        let split = |line| words(line).expect("it is whole");
        assert_eq!(split("falkon {url}"), ["falkon", "{url}"]);
        assert_eq!(split("  a  'b c' d\"e f\" ''"), ["a", "b c", "de f", ""]);
        assert!(words("a 'b").is_err());
    }

    #[test]
    fn a_browser_by_its_command_line_is_used_by_its_window() {
        let subject = by_line("/opt/x/falkon --portable {url}", &["--private-browsing".into()], &["F6".into()]);
        let subject = subject.expect("it is a command line");
        assert_eq!((subject.name.as_str(), subject.driver.as_str()), ("falkon by command line", "window"));
        assert_eq!(subject.arguments, ["--portable", "{url}"]);
        assert!(by_line("  ", &[], &[]).is_err());
    }

    #[test]
    fn an_app_is_named_as_android_names_it() {
        let knowledge = Knowledge::built_in();
        let (found, _) = subject(&knowledge, "android:com.android.chrome").expect("it is a name");
        assert_eq!((found.name.as_str(), found.maker.as_str()), ("android:com.android.chrome", "google"));
        let (found, _) = subject(&knowledge, "android:org.example.web").expect("it is a name");
        assert_eq!((found.name.as_str(), found.driver.as_str()), ("android:org.example.web", "android"));
        let (found, _) = subject(&knowledge, "firefox-focus").expect("it is known");
        assert_eq!((found.name.as_str(), found.maker.as_str()), ("android:org.mozilla.focus", "mozilla"));
        for wrong in ["android:", "android:chrome", "android:a..b", "android:a.b;reboot", "android:1a.b"] {
            assert!(subject(&knowledge, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_path_is_a_browser_of_a_known_family_or_nothing() {
        let knowledge = Knowledge::built_in();
        let (found, _) = subject(&knowledge, "/bin/sh").expect("it is there");
        assert_eq!((found.name.as_str(), found.driver.as_str()), ("/bin/sh", "chromium"));
        let says = subject(&knowledge, "/no/such/browser").expect_err("it is not there").to_string();
        assert_eq!(says, "there is no program /no/such/browser");
    }
}
