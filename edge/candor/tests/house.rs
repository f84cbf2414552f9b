//! What ARCHITECTURE.md says is true, and no file stands outside its list.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names of folders that hold a crate, below `core` or `edge`.
fn crates(below: &str) -> BTreeSet<String> {
    let folder = root().join(below);
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let crates = entries.flatten().filter(|entry| entry.path().join("Cargo.toml").exists());
    crates.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn the_core_depends_on_nothing_that_reaches_the_world() {
    let worldly = [
        "tokio",
        "hyper",
        "rustls",
        "rusqlite",
        "socket2",
        "mio",
        "rustix",
        "reqwest",
        "axum",
        "rcgen",
        "getrandom",
        "rand",
        "tempfile",
    ];
    for name in crates("core") {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let output = Command::new(cargo)
            .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--package", &name])
            .current_dir(root())
            .output()
            .expect("cargo starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let tree = String::from_utf8_lossy(&output.stdout).into_owned();
        for line in tree.lines() {
            let dependency = line.split(' ').next().unwrap_or_default();
            assert!(!worldly.contains(&dependency), "core/{name} depends on {dependency}");
        }
    }
}

#[test]
fn the_core_holds_no_unsafe_code() {
    for name in crates("core") {
        let lib = read(format!("core/{name}/src/lib.rs"));
        assert!(lib.contains("#![forbid(unsafe_code)]"), "core/{name} does not forbid unsafe code");
    }
}

#[test]
fn the_map_names_every_crate_and_no_other() {
    let map = read("ARCHITECTURE.md");
    let named: BTreeSet<String> = map
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split('`').next())
        .filter(|name| name.starts_with("core/") || name.starts_with("edge/"))
        .map(str::to_owned)
        .collect();
    let there: BTreeSet<String> = ["core", "edge"]
        .iter()
        .flat_map(|below| crates(below).into_iter().map(move |name| format!("{below}/{name}")))
        .collect();
    assert_eq!(named, there);
}

/// The crates of ours that a crate is built from.
fn known_to(folder: &str, ours: &BTreeSet<String>) -> BTreeSet<String> {
    let manifest = read(format!("{folder}/Cargo.toml"));
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let names = lines.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| ours.contains(*name)).map(str::to_owned).collect()
}

#[test]
fn the_map_says_of_each_crate_which_others_it_knows() {
    let ours: BTreeSet<String> = ["core", "edge"].iter().flat_map(|below| crates(below)).collect();
    let map = read("ARCHITECTURE.md");
    for line in map.lines().filter(|line| line.starts_with("| `core/") || line.starts_with("| `edge/")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let (folder, knows) = (cells[1].trim_matches('`'), cells[3]);
        let named: BTreeSet<String> = match knows {
            "nothing" => BTreeSet::new(),
            "everything" => continue,
            knows => knows.split(", ").map(str::to_owned).collect(),
        };
        assert_eq!(named, known_to(folder, &ours), "{folder}");
    }
}

#[test]
fn every_file_in_a_folder_of_things_alike_stands_in_its_list() {
    let lists = [
        "core/decode/src/decoders",
        "core/detect/src/detectors",
        "core/formats/src/formats",
        "core/judge/src/rules",
        "core/report/src/reports",
        "edge/experiment/src/drivers",
        "edge/candor/src/commands",
    ];
    for folder in lists {
        let list = if root().join(format!("{folder}.rs")).exists() {
            format!("{folder}.rs")
        } else {
            format!("{folder}/mod.rs")
        };
        let list = read(list);
        for entry in std::fs::read_dir(root().join(folder)).expect("the folder is there").flatten() {
            let name = entry.file_name().to_string_lossy().trim_end_matches(".rs").to_owned();
            if name != "mod" {
                assert!(list.contains(&format!("mod {name};")), "{folder}/{name} is in no list");
            }
        }
    }
}

/// A type that a source file defines: its name and the file.
fn type_definitions() -> Vec<(String, PathBuf)> {
    let mut types = Vec::new();
    let mut folders: Vec<PathBuf> = ["core", "edge"]
        .iter()
        .flat_map(|below| crates(below).into_iter().map(move |name| root().join(below).join(name).join("src")))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of sources").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = std::fs::read_to_string(&path).expect("a source file");
                types.extend(source.lines().filter_map(defined_type).map(|name| (name, path.clone())));
            }
        }
    }
    assert!(types.len() > 500, "only {} types were found", types.len());
    types
}

/// The name of the type that a line defines. An associated type is none.
fn defined_type(line: &str) -> Option<String> {
    let is_indented = line.starts_with(' ');
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub") || word.ends_with(')'));
    let keyword = words.next()?;
    let is_type = match keyword {
        "struct" | "enum" | "trait" | "union" => true,
        "type" => !is_indented,
        _ => false,
    };
    let name: String = words.next()?.chars().take_while(char::is_ascii_alphanumeric).collect();
    (is_type && name.starts_with(|first: char| first.is_ascii_uppercase())).then_some(name)
}

fn words_in(name: &str) -> usize {
    let letters: Vec<char> = name.chars().collect();
    let begins =
        |at: &usize| letters[*at].is_ascii_uppercase() && letters.get(at + 1).is_none_or(char::is_ascii_lowercase);
    (0..letters.len()).filter(begins).count().max(1)
}

fn is_participle(name: &str) -> bool {
    const IRREGULAR: [&str; 20] = [
        "Begun", "Bound", "Done", "Found", "Given", "Gone", "Held", "Kept", "Known", "Led", "Left", "Lost", "Made",
        "Paid", "Read", "Said", "Seen", "Sent", "Taken", "Told",
    ];
    words_in(name) == 1 && (name.ends_with("ed") || IRREGULAR.contains(&name))
}

#[test]
fn names_of_types_are_counted_as_they_are_meant() {
    assert_eq!(defined_type("pub(crate) struct TrialSession<'a> {").as_deref(), Some("TrialSession"));
    assert_eq!(defined_type("    type Error = std::io::Error;"), None);
    assert_eq!(defined_type("type Bytes = Vec<u8>;").as_deref(), Some("Bytes"));
    assert_eq!(["Told", "TrialSession", "Har", "Http2Session"].map(words_in), [1, 2, 1, 2]);
    assert!(is_participle("Told") && is_participle("Peeled") && !is_participle("EncryptedStream"));
}

/// Measured on ripgrep, jj, rustls and zizmor: 5 to 31 % of their types have names
/// of one word, 2 to 13 % are defined twice, up to 1.3 % are bare participles.
#[test]
fn types_have_names_that_say_what_they_are() {
    let types = type_definitions();
    let names: BTreeSet<&str> = types.iter().map(|(name, _)| name.as_str()).collect();
    let share = |count: usize| count as f64 / names.len() as f64;
    let of_one_word = names.iter().filter(|name| words_in(name) == 1).count();
    assert!(share(of_one_word) <= 0.35, "{of_one_word} of {} names have one word", names.len());

    let files_of = |name: &str| types.iter().filter(|(other, _)| other == name).count();
    let twice: Vec<&str> = names.iter().copied().filter(|name| files_of(name) > 1).collect();
    assert!(share(twice.len()) <= 0.08, "defined more than once: {twice:?}");

    let participles: Vec<&str> = names.iter().copied().filter(|name| is_participle(name)).collect();
    assert!(share(participles.len()) <= 0.01, "bare participles: {participles:?}");
}

#[test]
fn every_type_in_the_glossary_is_defined_once() {
    let map = read("ARCHITECTURE.md");
    let glossary = map.split("## Glossary").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("a glossary");
    let rows = glossary.lines().filter(|line| line.starts_with("| ") && line.ends_with("` |"));
    let named: Vec<&str> = rows.filter_map(|row| row.trim_end_matches("` |").rsplit('`').next()).collect();
    assert!(named.len() >= 40, "{} words", named.len());
    let types = type_definitions();
    for name in named {
        let count = types.iter().filter(|(other, _)| other == name).count();
        assert_eq!(count, 1, "{name} is defined {count} times");
    }
}

/// Every path below `core/` and `edge/`, files and folders.
fn paths() -> Vec<String> {
    let mut paths = Vec::new();
    let mut folders = vec![root().join("core"), root().join("edge"), root().join("data")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of ours").flatten() {
            let path = entry.path();
            let relative = path.strip_prefix(root()).expect("it is below the root");
            paths.push(relative.to_string_lossy().into_owned());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    paths
}

#[test]
fn every_file_that_the_map_names_is_there() {
    let map = read("ARCHITECTURE.md");
    let quoted = map.split('`').skip(1).step_by(2);
    let named: Vec<&str> = quoted.filter(|word| word.ends_with(".rs") || word.ends_with('/')).collect();
    assert!(named.len() >= 40, "{} files", named.len());
    let paths = paths();
    for name in named.into_iter().map(|name| name.trim_end_matches('/')) {
        let is_there = |path: &String| path.as_str() == name || path.ends_with(&format!("/{name}"));
        assert!(["core", "edge", "data"].contains(&name) || paths.iter().any(is_there), "{name} is not there");
    }
}
