//! How Chromium is started: as it is, on Candor's proxy, with a profile of its
//! own, trusting Candor's authority, and under remote control by pipe.
//!
//! Nothing is switched off for quiet: what a browser does by itself is what
//! the experiment is about. A scenario that needs a feature off says so in
//! `args`, and it becomes a condition of the run.

use std::{path::PathBuf, time::Duration};

use model::Mode;
use serde_json::Value;

use crate::{
    Error,
    cell::{Cell, Pipes, Program, find},
};

/// What to start, and how.
#[derive(Clone, Debug)]
pub struct Launch {
    pub program: PathBuf,
    /// Folder of the profile, in the subject's home. Started again with the
    /// same name, the browser finds what it left there.
    pub profile: String,
    /// Private is real private mode: `--incognito` at the start.
    pub mode: Mode,
    pub window: Window,
    pub trust: Trust,
    /// Folders, as the subject sees them, of extensions to load in both modes.
    pub extensions: Vec<PathBuf>,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    /// Where to write Chromium's own account of its network: ground truth for
    /// tests. A relative path starts at the subject's home.
    pub netlog: Option<PathBuf>,
    /// Merged into a fresh profile's `Default/Preferences`.
    pub preferences: Value,
    pub sandbox: Sandbox,
}

/// Whether there is something to see and to type into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Window {
    Headless,
    /// In a window on this X display (`:7`).
    On(String),
}

/// Why the browser believes Candor's certificates.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The authority's certificate, PEM, in the user's NSS databases: as a
    /// company would install its own.
    Authority(String),
    /// Base64 of the SHA-256 of the public key in every chain that is sent.
    Key(String),
    Nothing,
}

/// What to do about a browser without its sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    Required,
    /// Go on, and record it.
    MayBeMissing,
}

impl Launch {
    /// Debian's Chromium, headless, in normal mode, on the profile `profile`.
    pub fn new(program: impl Into<PathBuf>, trust: Trust) -> Self {
        Self {
            program: program.into(),
            profile: "profile".to_owned(),
            mode: Mode::Normal,
            window: Window::Headless,
            trust,
            extensions: Vec::new(),
            args: Vec::new(),
            env: Vec::new(),
            netlog: None,
            preferences: Value::Null,
            sandbox: Sandbox::Required,
        }
    }
}

/// Makes profile and trust ready, and gives the command line.
pub(super) async fn prepare(cell: &Cell, launch: &Launch) -> Result<Program, Error> {
    if find(&launch.program.to_string_lossy()).is_none() {
        let program = launch.program.display().to_string();
        return Err(Error::Missing { program, package: "chromium" });
    }
    if let Trust::Authority(pem) = &launch.trust {
        trust_authority(cell, pem).await?;
    }
    preset(cell, launch).await?;
    Ok(program(cell, launch))
}

fn program(cell: &Cell, launch: &Launch) -> Program {
    let profile = cell.home().join(&launch.profile);
    let mut args = vec![
        format!("--user-data-dir={}", profile.display()),
        "--no-first-run".to_owned(),
        format!("--proxy-server=http://{}", cell.proxy()),
        // Without this, pages on the loopback would go past the proxy.
        "--proxy-bypass-list=<-loopback>".to_owned(),
        "--remote-debugging-pipe".to_owned(),
        "--enable-unsafe-extension-debugging".to_owned(),
        "--password-store=basic".to_owned(),
        "--window-position=0,0".to_owned(),
        "--window-size=1280,800".to_owned(),
    ];
    if launch.window == Window::Headless {
        args.push("--headless=new".to_owned());
    }
    if launch.mode == Mode::Private {
        args.push("--incognito".to_owned());
    }
    if let Trust::Key(digest) = &launch.trust {
        args.push(format!("--ignore-certificate-errors-spki-list={digest}"));
    }
    if let Some(netlog) = &launch.netlog {
        args.push(format!("--log-net-log={}", cell.home().join(netlog).display()));
        args.push("--net-log-capture-mode=Everything".to_owned());
    }
    args.extend(launch.args.iter().cloned());
    args.push("about:blank".to_owned());
    let mut program = Program::new(&launch.program).args(args).pipes(Pipes::Remote);
    if let Window::On(display) = &launch.window {
        program = program.env("DISPLAY", display);
    }
    program.env.extend(launch.env.iter().cloned());
    program
}

/// Puts the authority into the database that Chromium on Linux reads.
async fn trust_authority(cell: &Cell, pem: &str) -> Result<(), Error> {
    const DATABASE: &str = ".pki/nssdb";
    if cell.read(format!("{DATABASE}/candor.pem")).await.is_ok_and(|known| known == pem.as_bytes()) {
        return Ok(());
    }
    if find("certutil").is_none() {
        return Err(Error::Missing { program: "certutil".to_owned(), package: "libnss3-tools" });
    }
    let file = cell.write(format!("{DATABASE}/candor.pem"), pem).await?;
    let database = format!("sql:{}", cell.home().join(DATABASE).display());
    let file = file.display().to_string();
    for args in [
        vec!["-d", &database, "-N", "--empty-password"],
        vec!["-d", &database, "-A", "-t", "C,,", "-n", "Candor", "-i", &file],
    ] {
        let done = cell.run(Program::new("certutil").args(args), Duration::from_secs(20)).await?;
        if !done.status.success() {
            let says = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            return Err(Error::Refused { program: "certutil".to_owned(), says });
        }
    }
    Ok(())
}

async fn preset(cell: &Cell, launch: &Launch) -> Result<(), Error> {
    let file = format!("{}/Default/Preferences", launch.profile);
    if launch.preferences.is_null() || cell.read(&file).await.is_ok() {
        return Ok(());
    }
    cell.write(&file, launch.preferences.to_string()).await.map(drop)
}
