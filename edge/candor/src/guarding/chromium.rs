//! Starts Chromium, or a browser built on it, with the guard as its proxy.
//!
//! The extension is loaded over a pipe (`Extensions.loadUnpacked`), which works
//! even where the command line no longer accepts one. Until the extension runs,
//! every window uses the private port, whose rules are stricter. The browser ends
//! when the pipe does, so that it cannot go on without its guard.

use std::{fs, path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, bail};
use experiment::{
    drivers::chromium::first_run,
    rpc::{RpcClient, pipe},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::process::{Child, Command};

use super::{extension, profile::BrowserProfile, running::RunningGuard};
use crate::{trust::nss, written_file};

/// Chromium reads descriptor 3 and writes descriptor 4.
const PIPES: &str = r#"exec 3<&0 4>&1 </dev/null >/dev/null; exec "$@""#;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running browser.
pub struct GuardedChromium {
    pub child: Child,
    _rpc: RpcClient,
}

/// Starts the browser and opens these pages.
pub async fn start(
    program: &Path,
    profile: &BrowserProfile,
    running: &RunningGuard,
    pem: &str,
    open: &OpenRequest,
) -> Result<GuardedChromium> {
    if rustix::process::geteuid().is_root() {
        bail!("a browser is not started as root: its sandbox would be off. Run `candor open` as yourself");
    }
    let home = profile.path();
    nss::ensure(&home.join(".pki/nssdb"), pem)?;
    let folder = home.join("candor-extension");
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    extension::lay_out(&folder, running, &name)?;
    let data = home.join("profile");
    preset(program, &data, &folder)?;
    let mut child = Command::new("sh")
        .args(["-c", PIPES, "sh"])
        .arg(program)
        .arg(format!("--user-data-dir={}", data.display()))
        .arg(format!("--proxy-server=http://{}", running.private))
        .args(["--remote-debugging-pipe", "--enable-unsafe-extension-debugging"])
        .args(&open.arguments)
        .args(if open.urls.is_empty() { &[][..] } else { &["about:blank"] })
        // Chromium finds its NSS database by `HOME`; `x_authority` keeps the X key.
        .env("HOME", home)
        .env_remove("XDG_DATA_HOME")
        .envs(x_authority())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("{} gave no way to speak to it", program.display());
    };
    let (rpc, mut events) = RpcClient::over(pipe::wire(output, input));
    tokio::spawn(async move { while events.recv().await.is_some() {} });
    let wish = json!({"path": folder.display().to_string(), "enableInIncognito": true});
    let loaded = rpc.call_within(PATIENCE, None, "Extensions.loadUnpacked", wish).await;
    loaded.with_context(|| format!("{name} did not take Candor's extension"))?;
    show(&rpc, &open.urls).await.context("cannot open the page")?;
    Ok(GuardedChromium { child, _rpc: rpc })
}

/// Opens the pages after the extension was loaded, and closes the empty page.
async fn show(rpc: &RpcClient, urls: &[String]) -> Result<()> {
    for url in urls {
        rpc.call(None, "Target.createTarget", json!({"url": url})).await?;
    }
    let targets = rpc.call(None, "Target.getTargets", json!({})).await?;
    let empty = |target: &&Value| target["type"] == "page" && target["url"] == "about:blank";
    for target in targets["targetInfos"].as_array().into_iter().flatten().filter(empty).take(urls.len().min(1)) {
        rpc.call(None, "Target.closeTarget", json!({"targetId": target["targetId"]})).await?;
    }
    Ok(())
}

/// The pages to open, and further arguments for the browser.
pub struct OpenRequest {
    pub urls: Vec<String>,
    pub arguments: Vec<String>,
}

/// Presets that the extension's button is visible, and that downloads go to the
/// person's usual folder, not into the profile. All else is as the packager set it.
fn preset(program: &Path, data: &Path, extension: &Path) -> Result<()> {
    let file = data.join("Default/Preferences");
    if file.exists() {
        return Ok(());
    }
    let mut preferences = json!({"extensions": {"pinned_extensions": [id_of(extension)]}});
    if let Some(home) = std::env::var_os("HOME") {
        let folder = Path::new(&home).join("Downloads");
        preferences["download"] = json!({"default_directory": folder.display().to_string()});
    }
    fs::create_dir_all(data.join("Default")).context("cannot make the profile")?;
    let preferences = first_run::initial_preferences(program, &preferences);
    written_file::write(&file, preferences.to_string()).with_context(|| format!("cannot write {}", file.display()))?;
    let first_run = data.join(first_run::SENTINEL);
    written_file::write(&first_run, b"").with_context(|| format!("cannot write {}", first_run.display()))
}

/// The id that Chromium gives an extension in this folder: half of the SHA-256 of
/// the path, with a for 0, b for 1, and so on.
fn id_of(folder: &Path) -> String {
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    digest.iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(b'a' + half)).collect()
}

/// The person's X key file. X clients look for it below `HOME`, which is changed here.
fn x_authority() -> Option<(&'static str, std::path::PathBuf)> {
    let home = std::env::var_os("HOME")?;
    std::env::var_os("XAUTHORITY").is_none().then(|| ("XAUTHORITY", Path::new(&home).join(".Xauthority")))
}
