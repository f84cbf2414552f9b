//! The settings for starting a browser, the same for all drivers.

use std::path::PathBuf;

use model::Mode;
use serde_json::Value;

/// The settings for starting a browser.
#[derive(Clone, Debug)]
pub struct LaunchSpec {
    pub program: PathBuf,
    /// Arguments that its desktop entry gives it.
    pub entry_args: Vec<String>,
    /// Folder of the profile, in the subject's home. A later start with the same
    /// folder continues with this profile.
    pub profile: String,
    /// [`Mode::Private`] starts the browser in its own private mode.
    pub mode: Mode,
    pub window: WindowMode,
    /// Whether the browser needs a proxy setting, or the cell redirects its connections.
    pub route: ProxyRoute,
    pub trust: LaunchTrust,
    /// Folders in the subject's home with an NSS database that the browser reads.
    pub nss: Vec<String>,
    /// Folders, as the subject sees them, of extensions that Chromium loads, in
    /// both modes.
    pub extensions: Vec<PathBuf>,
    pub args: Vec<String>,
    /// Arguments that start an unknown browser in private mode ([`super::window`]).
    pub private_args: Vec<String>,
    /// Keys that move the focus to the address bar of an unknown browser, by their X
    /// names; Ctrl+L if none.
    pub address_keys: Vec<String>,
    pub env: Vec<(String, String)>,
    /// Where Chromium writes its NetLog, with which tests compare Candor's results.
    /// A relative path starts at the subject's home.
    pub netlog: Option<PathBuf>,
    /// An object of preferences by their dotted names: those of Chromium in a
    /// fresh profile, those of Firefox at each start.
    pub preferences: Value,
    pub sandbox: SandboxPolicy,
}

/// Whether the browser has a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowMode {
    Headless,
    /// In a window on this X display (`:7`).
    On(String),
}

/// How connections reach Candor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyRoute {
    /// nftables rules of the cell redirect all connections; the subject has no proxy setting.
    #[default]
    Redirected,
    /// The browser is configured to use the proxy. This setting turns off DNS, QUIC
    /// and WebRTC in it, so its behaviour differs.
    ProxySetting,
}

/// How the browser comes to accept Candor's certificates.
#[derive(Clone, Debug)]
pub enum LaunchTrust {
    /// The authority's certificate, PEM, in the user's NSS databases: as a
    /// company would install its own.
    Authority(String),
    /// Base64 of the SHA-256 of the public key in every chain that is sent.
    Key(String),
    Nothing,
}

/// How to treat a browser without its sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxPolicy {
    Required,
    /// Go on, and record that the sandbox is missing.
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
