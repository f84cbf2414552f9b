//! What to start, and how: the same words for every browser.

use std::path::PathBuf;

use model::Mode;
use serde_json::Value;

/// What to start, and how.
#[derive(Clone, Debug)]
pub struct LaunchSpec {
    pub program: PathBuf,
    /// Arguments that its desktop entry gives it.
    pub entry_args: Vec<String>,
    /// Folder of the profile, in the subject's home. Started again with the
    /// same name, the browser finds what it left there.
    pub profile: String,
    /// Private is the browser's real private mode, from the start.
    pub mode: Mode,
    pub window: WindowMode,
    /// Told of the proxy by a setting, where connections are not redirected.
    pub route: ProxyRoute,
    pub trust: LaunchTrust,
    /// Folders in the subject's home with an NSS database that it reads.
    pub nss: Vec<String>,
    /// Folders, as the subject sees them, of extensions that Chromium loads, in
    /// both modes.
    pub extensions: Vec<PathBuf>,
    pub args: Vec<String>,
    /// What makes a browser by command line start in private mode.
    pub private_args: Vec<String>,
    /// Keys that lead to the address bar of a browser by command line, by
    /// their X names; Ctrl+L if none.
    pub address_keys: Vec<String>,
    pub env: Vec<(String, String)>,
    /// Where Chromium writes its own account of its network: ground truth for
    /// tests. A relative path starts at the subject's home.
    pub netlog: Option<PathBuf>,
    /// An object of preferences by their dotted names: those of Chromium in a
    /// fresh profile, those of Firefox at each start.
    pub preferences: Value,
    pub sandbox: SandboxPolicy,
}

/// Whether there is something to see and to type into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowMode {
    Headless,
    /// In a window on this X display (`:7`).
    On(String),
}

/// How connections come to Candor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyRoute {
    /// All of them, by the rules of the cell: the subject knows of no proxy.
    #[default]
    Redirected,
    /// Those of a subject that keeps to the proxy set in it. A proxy setting
    /// turns off DNS, QUIC and WebRTC in it, so it is another subject.
    ProxySetting,
}

/// Why the browser believes Candor's certificates.
#[derive(Clone, Debug)]
pub enum LaunchTrust {
    /// The authority's certificate, PEM, in the user's NSS databases: as a
    /// company would install its own.
    Authority(String),
    /// Base64 of the SHA-256 of the public key in every chain that is sent.
    Key(String),
    Nothing,
}

/// What to do about a browser without its sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxPolicy {
    Required,
    /// Go on, and record it.
    MayBeMissing,
}

impl LaunchSpec {
    /// This program, headless, in normal mode, on the profile `profile`.
    pub fn new(program: impl Into<PathBuf>, trust: LaunchTrust) -> Self {
        Self {
            program: program.into(),
            entry_args: Vec::new(),
            profile: "profile".to_owned(),
            mode: Mode::Normal,
            window: WindowMode::Headless,
            route: ProxyRoute::default(),
            trust,
            nss: vec![".pki/nssdb".to_owned()],
            extensions: Vec::new(),
            args: Vec::new(),
            private_args: Vec::new(),
            address_keys: Vec::new(),
            env: Vec::new(),
            netlog: None,
            preferences: Value::Null,
            sandbox: SandboxPolicy::Required,
        }
    }
}
