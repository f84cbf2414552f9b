//! Any other browser: started by its command line, used by its keyboard.
//!
//! The browser needs only a window: no remote control and no proxy setting. Candor
//! sees its traffic because the cell redirects every connection. Acts that need
//! remote control return [`Error::Cannot`].

use std::{fmt, time::Duration};

use model::Mode;
use tokio::time::{Instant, sleep};

use super::{
    confined,
    launch::{LaunchSpec, LaunchTrust, SandboxPolicy, WindowMode},
    trust,
    visited::VisitedPage,
};
use crate::{
    Error,
    cell::{Cell, CellProcess, CellProgram, find},
    display::{KeyPress, TypingPace, VirtualDisplay},
};

/// Time for a page to finish loading after the window's title has changed.
const FINISH: Duration = Duration::from_secs(2);

const CLOSE: Duration = Duration::from_secs(5);

/// A running browser. Dropped, it is killed.
pub struct WindowDriver {
    process: CellProcess,
    mode: Mode,
    sandboxed: bool,
    address_keys: Vec<String>,
}

impl fmt::Debug for WindowDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowDriver").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl WindowDriver {
    /// Starts it and waits for its window. `{url}` in its arguments becomes an
    /// empty page, `{profile}` a folder in its home.
    pub async fn start(cell: &Cell, launch: &LaunchSpec, display: &VirtualDisplay) -> Result<Self, Error> {
        let program = launch.program.to_string_lossy().into_owned();
        if find(&program).is_none() {
            return Err(Error::Missing { package: "that brings it", program });
        }
        if launch.window == WindowMode::Headless {
            return Err(Error::Cannot { driver: "a browser by command line", act: "run without a window" });
        }
        if let LaunchTrust::Authority(pem) = &launch.trust {
            // Page engine, network library and helper programs may use different trust stores.
            cell.trust(pem).await?;
            trust::add_to_all(cell, &launch.nss, pem).await?;
        }
        let mut process = cell.start(command(cell, launch, display)).await?;
        if let Err(no_window) = display.focus(cell).await {
            let (runs, says) = (process.runs(), process.said());
            process.kill().await;
            return Err(if runs { no_window } else { Error::EndedEarly { program, says } });
        }
        let sandboxed = confined::any(&process).await;
        if !sandboxed && launch.sandbox == SandboxPolicy::Required {
            process.kill().await;
            return Err(Error::NoSandbox("no confined process was found".to_owned()));
        }
        Ok(Self { process, mode: launch.mode, sandboxed, address_keys: launch.address_keys.clone() })
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether a process with a system-call filter was found. Page processes of an
    /// unknown browser cannot be distinguished from the others.
    pub fn sandboxed(&self) -> bool {
        self.sandboxed
    }

    pub fn runs(&mut self) -> bool {
        self.process.runs()
    }

    /// Types the address and presses Enter. A change of the window's title is the
    /// only sign that the page has loaded.
    pub async fn visit(
        &self,
        cell: &Cell,
        display: &VirtualDisplay,
        url: &str,
        patience: Duration,
        stay: Duration,
    ) -> Result<VisitedPage, Error> {
        let began = crate::now();
        let before = display.title(cell).await?;
        self.reach_address_bar(cell, display).await?;
        display.press_at(TypingPace::Quick, cell, &[KeyPress::Text(url), KeyPress::Key("Return")]).await?;
        let end = Instant::now() + patience;
        let (title, failed) = loop {
            let title = display.title(cell).await?;
            if title != before {
                sleep(FINISH).await;
                break (display.title(cell).await?, None);
            }
            if Instant::now() >= end {
                break (title, Some("its window's title did not change in time".to_owned()));
            }
            sleep(Duration::from_millis(200)).await;
        };
        sleep(stay).await;
        Ok(VisitedPage { began, ended: crate::now(), url: url.to_owned(), title, failed })
    }

    /// Types into the address bar key by key, without pressing Enter.
    pub async fn type_in_address_bar(&self, cell: &Cell, display: &VirtualDisplay, text: &str) -> Result<(), Error> {
        self.reach_address_bar(cell, display).await?;
        display.press(cell, &[KeyPress::Text(text)]).await
    }

    async fn reach_address_bar(&self, cell: &Cell, display: &VirtualDisplay) -> Result<(), Error> {
        display.focus(cell).await?;
        let keys: Vec<KeyPress<'_>> = match self.address_keys.as_slice() {
            [] => vec![KeyPress::Key("ctrl+l")],
            keys => keys.iter().map(|key| KeyPress::Key(key)).collect(),
        };
        display.press(cell, &keys).await
    }

    /// Opens a private window by pressing `keys`; the ordinary window stays open.
    pub async fn open_private(&mut self, cell: &Cell, display: &VirtualDisplay, keys: &str) -> Result<(), Error> {
        display.open_window(cell, keys).await?;
        self.mode = Mode::Private;
        Ok(())
    }

    /// The browser's process.
    pub(crate) fn process(&self) -> &CellProcess {
        &self.process
    }

    /// Closes it as a logout does.
    pub async fn close(mut self) {
        self.process.ask_to_end();
        self.process.ended(CLOSE).await;
        self.process.kill().await;
    }

    /// Ends it at once.
    pub async fn kill(self) {
        self.process.kill().await;
    }

    /// Kills it but keeps the handle, so that tests see how a crash is handled.
    pub async fn crash(&mut self) {
        self.process.strike().await;
    }
}

fn command(cell: &Cell, launch: &LaunchSpec, display: &VirtualDisplay) -> CellProgram {
    let profile = cell.home().join(&launch.profile).display().to_string();
    let args = arguments(launch).into_iter().map(|arg| filled(arg, "about:blank", &profile));
    let mut program = CellProgram::new(&launch.program).args(args).env("DISPLAY", display.name());
    let home = cell.home().display().to_string();
    program.env.extend(launch.env.iter().map(|(name, value)| (name.clone(), value.replace("{home}", &home))));
    program
}

/// The arguments for private mode stand right before the page: a program that
/// starts the browser would take earlier ones as its own.
fn arguments(launch: &LaunchSpec) -> Vec<&str> {
    let mut args: Vec<&str> = launch.entry_args.iter().chain(&launch.args).map(String::as_str).collect();
    if launch.mode == Mode::Private {
        let page = args.iter().position(|arg| arg.contains("{url}")).unwrap_or(args.len());
        args.splice(page..page, launch.private_args.iter().map(String::as_str));
    }
    args
}

fn filled(argument: &str, url: &str, profile: &str) -> String {
    argument.replace("{url}", url).replace("{profile}", profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_it_private_stands_before_the_page() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
        let mut launch = LaunchSpec {
            args: words(&["--", "browser", "{url}"]),
            private_args: words(&["--private", "--really"]),
            ..LaunchSpec::new("starter", LaunchTrust::Nothing)
        };
        assert_eq!(arguments(&launch), ["--", "browser", "{url}"]);
        launch.mode = Mode::Private;
        assert_eq!(arguments(&launch), ["--", "browser", "--private", "--really", "{url}"]);
    }

    #[test]
    fn a_command_line_has_two_blanks_to_fill() {
        assert_eq!(filled("--dir={profile}", "about:blank", "/home/p"), "--dir=/home/p");
        assert_eq!(filled("{url}", "about:blank", "/home/p"), "about:blank");
        assert_eq!(filled("--private", "about:blank", "/home/p"), "--private");
    }
}
