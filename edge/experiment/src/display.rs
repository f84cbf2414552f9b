//! A virtual screen and keyboard for a subject (Xvfb).
//!
//! There is no window manager: the driver must give a window the keyboard focus,
//! and a window covers those below it. Keys go through the X server at the pace of
//! a person, so that a browser reacts to each one as to a person's.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::{sleep, timeout},
};

use crate::{
    Error,
    cell::{Cell, CellProcess, CellProgram, find},
};

const PATIENCE: Duration = Duration::from_secs(15);

/// Time between two keys, long enough for a browser to request suggestions.
const KEY: Duration = Duration::from_millis(250);

/// How fast keys are pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TypingPace {
    /// As a person types.
    #[default]
    Person,
    /// For text of which only the whole matters.
    Quick,
}

impl TypingPace {
    const fn between_keys(self) -> Duration {
        match self {
            Self::Person => KEY,
            Self::Quick => Duration::from_millis(25),
        }
    }
}

/// A running X server. Dropped, it is killed.
pub struct VirtualDisplay {
    process: CellProcess,
    name: String,
    /// The window that [`Self::open_window`] opened last. None: the largest is in front.
    front: Mutex<Option<String>>,
}

/// Pixels below which a window is a menu, a bubble or a list of suggestions.
const LEAST_WINDOW: u64 = 100_000;

impl fmt::Debug for VirtualDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Display({})", self.name)
    }
}

/// Keys to press: a text, or a key by its X name (`Return`, `ctrl+l`).
#[derive(Clone, Copy)]
pub enum KeyPress<'k> {
    Text(&'k str),
    Key(&'k str),
}

impl fmt::Debug for KeyPress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Key(name) => name,
        })
    }
}

impl VirtualDisplay {
    /// Starts a server on the first free display.
    pub async fn start(cell: &Cell) -> Result<Self, Error> {
        for (program, package) in [("Xvfb", "xvfb"), ("xdotool", "xdotool")] {
            if find(program).is_none() {
                return Err(Error::Missing { program: program.to_owned(), package });
            }
        }
        let server = CellProgram::new("Xvfb").args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1280x900x24",
            "-nolisten",
            "tcp",
            "-noreset",
        ]);
        let mut process = cell.start(server).await?;
        let mut number = String::new();
        if let Some(output) = process.output.take() {
            let _ = timeout(PATIENCE, BufReader::new(output).read_line(&mut number)).await;
        }
        let number = number.trim();
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            let says = process.said();
            process.kill().await;
            return Err(Error::Display(if says.is_empty() { "Xvfb did not start".to_owned() } else { says }));
        }
        Ok(Self { name: format!(":{number}"), process, front: Mutex::new(None) })
    }

    /// The display's name, as in `DISPLAY`: `:0`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens a window by pressing `keys`; it has the keyboard focus from then on.
    pub async fn open_window(&self, cell: &Cell, keys: &str) -> Result<(), Error> {
        let before = self.windows(cell).await?;
        self.focus(cell).await?;
        self.press(cell, &[KeyPress::Key(keys)]).await?;
        for _ in 0..100 {
            let new = self
                .windows(cell)
                .await?
                .into_iter()
                .find(|(window, area)| *area >= LEAST_WINDOW && !before.iter().any(|(known, _)| known == window));
            if let Some((window, _)) = new {
                *self.front.lock().unwrap_or_else(PoisonError::into_inner) = Some(window);
                return self.focus(cell).await;
            }
            sleep(Duration::from_millis(100)).await;
        }
        Err(Error::Display("no new window came".to_owned()))
    }

    /// Gives the window in front the keyboard focus.
    pub async fn focus(&self, cell: &Cell) -> Result<(), Error> {
        for _ in 0..100 {
            if let Some(window) = self.window(cell).await? {
                self.tool(cell, &["windowfocus".to_owned(), "--sync".to_owned(), window]).await?;
                return Ok(());
            }
            sleep(Duration::from_millis(100)).await;
        }
        Err(Error::Display("there is no window on it".to_owned()))
    }

    /// Presses keys one after another, at a person's pace, in the focused window.
    pub async fn press(&self, cell: &Cell, keys: &[KeyPress<'_>]) -> Result<(), Error> {
        self.press_at(TypingPace::Person, cell, keys).await
    }

    /// Like [`Self::press`], at another pace.
    pub async fn press_at(&self, pace: TypingPace, cell: &Cell, keys: &[KeyPress<'_>]) -> Result<(), Error> {
        let delay = pace.between_keys().as_millis().to_string();
        for keys in keys {
            let (verb, what) = match keys {
                KeyPress::Text(text) => ("type", *text),
                KeyPress::Key(name) => ("key", *name),
            };
            let args = [verb, "--clearmodifiers", "--delay", &delay, "--", what].map(str::to_owned);
            self.tool(cell, &args).await?;
            sleep(KEY).await;
        }
        Ok(())
    }

    /// The title of the window in front.
    pub async fn title(&self, cell: &Cell) -> Result<String, Error> {
        let Some(window) = self.window(cell).await? else { return Ok(String::new()) };
        let title = self.tool(cell, &["getwindowname".to_owned(), window]).await?;
        Ok(title.trim_end().to_owned())
    }

    /// Ends the X server, and with it all windows.
    pub async fn stop(mut self) {
        // On SIGTERM the server removes its lock file and socket; killed, it would leave
        // them on the host.
        self.process.ask_to_end();
        self.process.ended(Duration::from_secs(3)).await;
        self.process.kill().await;
    }

    /// The window in front; if it has closed, the largest one. Menus and suggestions
    /// are smaller windows.
    async fn window(&self, cell: &Cell) -> Result<Option<String>, Error> {
        let windows = self.windows(cell).await?;
        let front = self.front.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if front.as_ref().is_some_and(|front| windows.iter().any(|(window, _)| window == front)) {
            return Ok(front);
        }
        let largest = windows.into_iter().filter(|(_, area)| *area > 0).max_by_key(|(_, area)| *area);
        Ok(largest.map(|(window, _)| window))
    }

    /// Every visible window, with its area.
    async fn windows(&self, cell: &Cell) -> Result<Vec<(String, u64)>, Error> {
        let found = self.tool(cell, &["search", "--onlyvisible", "--class", "."].map(str::to_owned)).await?;
        let mut windows = Vec::new();
        for window in found.lines() {
            let args = ["getwindowgeometry", "--shell", window].map(str::to_owned);
            windows.push((window.to_owned(), area(&self.tool(cell, &args).await?)));
        }
        Ok(windows)
    }

    /// The output of xdotool. Its exit status is ignored: it fails when no window is found.
    async fn tool(&self, cell: &Cell, args: &[String]) -> Result<String, Error> {
        let keys: usize = args.iter().map(String::len).sum();
        let patience = PATIENCE + 2 * KEY * u32::try_from(keys).unwrap_or(1000);
        let program = CellProgram::new("xdotool").args(args.iter().cloned()).env("DISPLAY", &self.name);
        let done = cell.run(program, patience).await?;
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }
}

/// `WIDTH` times `HEIGHT` out of what `getwindowgeometry --shell` prints.
fn area(geometry: &str) -> u64 {
    let value = |name: &str| {
        let line = geometry.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.and_then(|value| value.trim().parse::<u64>().ok()).unwrap_or_default()
    };
    value("WIDTH") * value("HEIGHT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_as_large_as_it_says() {
        assert_eq!(area("WINDOW=12\nX=0\nY=0\nWIDTH=640\nHEIGHT=480\nSCREEN=0\n"), 307_200);
        assert_eq!(area(""), 0);
    }
}
