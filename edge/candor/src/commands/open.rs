//! `candor open`: a browser on the guard.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use experiment::cell::find;

use crate::{
    exit::{ExitStatus, talk},
    guarding::{
        chromium::{self, OpenRequest as What},
        firefox,
        profile::BrowserProfile,
        running::RunningGuard,
    },
    live::{authority, folder, stopping},
};

/// Start a browser on the guard, private windows on their own port
///
/// It has a profile of its own, gone when it ends unless you name it, and
/// Candor's small extension: the switches stand in the browser's own settings
/// and behind its button, red while something asks for what is off. Candor's
/// certificate is trusted in that profile only.
#[derive(Debug, clap::Args)]
pub struct OpenArgs {
    /// chromium, firefox, or a program of their families
    browser: String,
    /// Pages to open
    url: Vec<String>,
    /// Keep the profile under this name, and use it again
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Further arguments for the browser, after `--`
    #[arg(last = true, value_name = "ARGUMENT")]
    arguments: Vec<String>,
}

/// The browser family, which decides how to start and control a browser.
enum BrowserFamily {
    Chromium,
    Firefox,
}

impl OpenArgs {
    pub fn run(self) -> Result<ExitStatus> {
        let (program, family) = program(&self.browser)?;
        let home = folder::of_the_person()?;
        let running = RunningGuard::find(&home.join("guard"))?;
        let authority = authority::kept(&home)?;
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let profile = BrowserProfile::open(&home, &name, self.profile.as_deref())?;
        let what = What { urls: self.url, arguments: self.arguments };
        let runtime = tokio::runtime::Runtime::new().context("cannot start the threads for the browser")?;
        runtime.block_on(async {
            let pem = authority.cert_pem();
            match family {
                BrowserFamily::Chromium => {
                    let mut browser = chromium::start(&program, &profile, &running, pem, &what).await?;
                    until_it_ends(&mut browser.child, &name, &profile).await
                }
                BrowserFamily::Firefox => {
                    let mut child = firefox::start(&program, &profile, &running, pem, &what)?;
                    until_it_ends(&mut child, &name, &profile).await
                }
            }
        })?;
        Ok(ExitStatus::Clean)
    }
}

async fn until_it_ends(child: &mut tokio::process::Child, name: &str, profile: &BrowserProfile) -> Result<()> {
    talk(&format!("candor: {name} is on the guard; private windows have the private column"));
    match profile {
        BrowserProfile::ThrowAway { .. } => talk("  its profile is gone when it ends; keep one with --profile NAME"),
        BrowserProfile::Named(path) => talk(&format!("  its profile stays in {}", path.display())),
    }
    if std::io::stderr().is_terminal() {
        talk("  it ends with this program");
    }
    tokio::select! {
        _ = child.wait() => {}
        () = stopping::asked() => drop(child.kill().await),
    }
    Ok(())
}

/// The path of the browser's program, and its family.
fn program(name: &str) -> Result<(PathBuf, BrowserFamily)> {
    let known: &[&str] = match name {
        "chromium" => &["chromium", "chromium-browser"],
        "firefox" => &["firefox-esr", "firefox"],
        other => &[other],
    };
    let base = Path::new(name).file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let family = match () {
        () if ["chrom", "brave", "edge", "vivaldi", "opera"].iter().any(|part| base.contains(part)) => {
            BrowserFamily::Chromium
        }
        () if ["firefox", "librewolf"].iter().any(|part| base.contains(part)) => BrowserFamily::Firefox,
        () => bail!("{name} is no browser that Candor knows how to open: chromium or firefox"),
    };
    let Some(path) = known.iter().find_map(|name| find(name)) else {
        bail!("{name} is not installed");
    };
    Ok((path, family))
}
