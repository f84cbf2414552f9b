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
