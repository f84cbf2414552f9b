//! The browser of this test, unpacked where a person would unpack one: Chromium,
//! its extension, and a program that sends what no extension can.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::run;

/// Its folder of programs, and a folder of data that knows it.
pub struct LeakingBrowser {
    data: PathBuf,
    _folder: TempDir,
}

const PROGRAMS: [(&str, &str); 2] =
    [("leaking-browser", include_str!("leaking-browser")), ("teller.py", include_str!("teller.py"))];

impl LeakingBrowser {
    pub fn unpacked() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let programs = folder.path().join("programs");
        fs::create_dir(&programs).expect("the folder is ours");
        // A subject runs as nobody.
        allow(&programs);
        for (name, text) in PROGRAMS {
            fs::write(programs.join(name), text).expect("the folder is ours");
            allow(&programs.join(name));
        }
        let data = folder.path().join("data");
        let (from, to) = (run::data().join("subjects"), data.join("subjects"));
        copy(&from.join("leaking-browser"), &to.join("leaking-browser"));
        let subject = fs::read_to_string(from.join("leaking-browser.toml")).expect("it is there");
        let program = format!("programs  = [\"{}\"]", programs.join("leaking-browser").display());
        let started = subject.replace("programs  = [\"chromium\"]", &program);
        assert_ne!(started, subject, "it is started by its own program");
        fs::write(to.join("leaking-browser.toml"), started).expect("the folder is ours");
        Self { data, _folder: folder }
    }

    /// What `--data` takes.
    pub fn data(&self) -> &str {
        self.data.to_str().expect("temporary folders have names in UTF-8")
    }
}

fn allow(path: &Path) {
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("it is ours");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder is ours");
    for entry in fs::read_dir(from).expect("it is there").flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("the folder is ours");
    }
}
