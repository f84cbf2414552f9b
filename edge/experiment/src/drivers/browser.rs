//! One interface to every browser and phone.
//!
//! A driver returns [`Error::Cannot`] for an act that it does not support. The
//! trial then skips this step, and its evidence says so.

use std::time::Duration;

use knowledge::subjects::SubjectDriver;
use model::Mode;
use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    android::AndroidDriver,
    chromium::{ChromiumDriver, SwitchAt},
    firefox::FirefoxDriver,
    launch::LaunchSpec,
    phone::PhoneDriver,
    visited::{FormField, PageRequest, VisitedPage},
    window::WindowDriver,
};
use crate::{
    Error,
    cell::{Cell, CellProcess},
    display::{KeyPress, TypingPace, VirtualDisplay},
};

const NO_WINDOW: Error = Error::Cannot { driver: "a browser without a window", act: "be typed into" };

/// A running browser. Dropped, it is killed.
#[derive(Debug)]
pub enum BrowserDriver {
    Chromium(ChromiumDriver),
    Firefox(FirefoxDriver),
    Window(WindowDriver),
    Phone(PhoneDriver),
    Android(AndroidDriver),
}

impl BrowserDriver {
    /// Starts a browser with this driver, which `data/subjects/` names. A driver
    /// without remote control lists no requests.
    pub async fn start(
        driver: SubjectDriver,
        cell: &Cell,
        display: Option<&VirtualDisplay>,
        launch: &LaunchSpec,
    ) -> Result<(Self, mpsc::UnboundedReceiver<PageRequest>), Error> {
        match driver {
            SubjectDriver::Firefox => {
                FirefoxDriver::start(cell, launch).await.map(|(browser, listed)| (Self::Firefox(browser), listed))
            }
            SubjectDriver::Window => {
                let display = display.ok_or(Error::Cannot { driver: "window", act: "run without a window" })?;
                Ok((Self::Window(WindowDriver::start(cell, launch, display).await?), mpsc::unbounded_channel().1))
            }
            SubjectDriver::Phone => {
                Ok((Self::Phone(PhoneDriver::start(cell, launch).await?), mpsc::unbounded_channel().1))
            }
            SubjectDriver::Chromium => {
                ChromiumDriver::start(cell, launch).await.map(|(browser, listed)| (Self::Chromium(browser), listed))
            }
            SubjectDriver::Guided | SubjectDriver::Android => Err(Error::NotABrowser(driver.as_str())),
        }
    }

    /// The protocol that lists the requests of pages, as in the evidence; none if
    /// there is no list.
    pub fn lister(&self) -> Option<&'static str> {
        match self {
            Self::Chromium(_) => Some("cdp"),
            Self::Firefox(_) => Some("bidi"),
            Self::Window(_) | Self::Phone(_) | Self::Android(_) => None,
        }
    }

    /// The version that the browser reports; none without remote control.
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::Chromium(browser) => Some(browser.version()),
            Self::Firefox(browser) => Some(browser.version()),
            Self::Window(_) | Self::Phone(_) | Self::Android(_) => None,
        }
    }

    pub fn mode(&self) -> Mode {
        match self {
            Self::Chromium(browser) => browser.mode(),
            Self::Firefox(browser) => browser.mode(),
            Self::Window(browser) => browser.mode(),
            Self::Android(app) => app.mode(),
            Self::Phone(_) => Mode::Normal,
        }
    }

    /// Ids of the extensions that were loaded at its start.
    pub fn extensions(&self) -> &[String] {
        match self {
            Self::Chromium(browser) => browser.extensions(),
            Self::Firefox(_) | Self::Window(_) | Self::Phone(_) | Self::Android(_) => &[],
        }
    }

    /// Whether its page processes are confined. A phone shows no pages.
    pub fn sandboxed(&self) -> bool {
        match self {
            Self::Chromium(browser) => browser.sandboxed(),
            Self::Firefox(browser) => browser.sandboxed(),
            Self::Window(browser) => browser.sandboxed(),
            Self::Phone(_) | Self::Android(_) => true,
        }
    }

    /// Whether it still runs and answers.
    pub fn runs(&mut self) -> bool {
        match self {
            Self::Chromium(browser) => browser.runs(),
            Self::Firefox(browser) => browser.runs(),
            Self::Window(browser) => browser.runs(),
            Self::Phone(phone) => phone.runs(),
            // Android stops apps at any time, and a lost connection shows at the next act.
            Self::Android(_) => true,
        }
    }

    /// Loads `url`, waits for the load, and stays.
    pub async fn visit(&self, hands: InputDevices<'_>, url: &str) -> Result<VisitedPage, Error> {
        let InputDevices { patience, stay, .. } = hands;
        match self {
            Self::Chromium(browser) => browser.visit(url, patience, stay).await,
            Self::Firefox(browser) => browser.visit(url, patience, stay).await,
            Self::Window(browser) => browser.visit(hands.cell, hands.display()?, url, patience, stay).await,
            Self::Android(app) => app.visit(url, stay).await,
            Self::Phone(_) => Err(cannot("open a page")),
        }
    }

    /// Types an address, or words to search for, as a person does, and presses Enter.
    pub async fn go_by_typing(&self, hands: InputDevices<'_>, text: &str) -> Result<VisitedPage, Error> {
        match self {
            Self::Chromium(browser) => browser.go_by_typing(hands, text).await,
            Self::Firefox(browser) => browser.go_by_typing(hands, text).await,
            Self::Window(browser) => {
                browser.visit(hands.cell, hands.display()?, text, hands.patience, hands.stay).await
            }
            Self::Phone(_) | Self::Android(_) => Err(cannot("be typed into")),
        }
    }

    /// Types into the address bar as a person does, without pressing Enter.
    pub async fn type_in_address_bar(&self, hands: InputDevices<'_>, text: &str) -> Result<(), Error> {
        if let Self::Android(_) = self {
            return Err(Error::Cannot { driver: "an app by the cable", act: "be typed into" });
        }
        let (cell, display) = (hands.cell, hands.display()?);
        match self {
            Self::Chromium(browser) => browser.type_in_address_bar(cell, display, text).await,
            Self::Firefox(browser) => browser.type_in_address_bar(cell, display, text).await,
            Self::Window(browser) => browser.type_in_address_bar(cell, display, text).await,
            Self::Phone(_) | Self::Android(_) => Err(cannot("be typed into")),
        }
    }

    /// Opens a private window by pressing `keys`; the ordinary window stays open.
    pub async fn open_private(&mut self, hands: InputDevices<'_>, keys: &str) -> Result<(), Error> {
        let (cell, display, patience) = (hands.cell, hands.display()?, hands.patience);
        match self {
            Self::Chromium(browser) => browser.open_private(cell, display, keys, patience).await,
            Self::Firefox(browser) => browser.open_private(cell, display, keys, patience).await,
            Self::Window(browser) => browser.open_private(cell, display, keys).await,
            Self::Phone(_) | Self::Android(_) => Err(cannot("open a private window")),
        }
    }

    /// The browser's process, if the browser runs on this machine.
    pub(crate) fn process(&self) -> Option<&CellProcess> {
        match self {
            Self::Chromium(browser) => Some(browser.process()),
            Self::Firefox(browser) => Some(browser.process()),
            Self::Window(browser) => Some(browser.process()),
            Self::Phone(_) | Self::Android(_) => None,
        }
    }

    /// Opens a folder of a simulated phone, and a screen in this folder.
    pub async fn open(&mut self, folder: &str, screen: &str) -> Result<(), Error> {
        match self {
            Self::Phone(phone) => phone.open(folder, screen).await,
            Self::Chromium(_) | Self::Firefox(_) | Self::Window(_) | Self::Android(_) => {
                Err(cannot("open a folder of a phone"))
            }
        }
    }

    /// Empties the address bar, without sending the typed text.
    pub async fn leave_address_bar(&self, hands: InputDevices<'_>) -> Result<(), Error> {
        hands.display()?.press(hands.cell, &[KeyPress::Key("Escape"), KeyPress::Key("Escape")]).await
    }

    /// Follows the first link that `selector` (CSS) matches.
    pub async fn follow_link(&self, hands: InputDevices<'_>, selector: &str) -> Result<VisitedPage, Error> {
        let InputDevices { patience, stay, .. } = hands;
        match self {
            Self::Chromium(browser) => browser.follow_link(selector, patience, stay).await,
            Self::Firefox(browser) => browser.follow_link(selector, patience, stay).await,
            Self::Window(_) | Self::Phone(_) | Self::Android(_) => Err(cannot("follow a link")),
        }
    }

    /// Clicks on the first element that `selector` matches, and does not wait.
    pub async fn click(&self, selector: &str) -> Result<(), Error> {
        match self {
            Self::Chromium(browser) => browser.click(selector).await,
            Self::Firefox(browser) => browser.click(selector).await,
            Self::Window(_) | Self::Phone(_) | Self::Android(_) => Err(cannot("click")),
        }
    }

    /// Fills in fields of the page, including password fields.
    pub async fn fill_form(&self, fields: &[FormField]) -> Result<(), Error> {
        match self {
            Self::Chromium(browser) => browser.fill_form(fields).await,
            Self::Firefox(browser) => browser.fill_form(fields).await,
            Self::Window(_) | Self::Phone(_) | Self::Android(_) => Err(cannot("fill in a form")),
        }
    }

    /// Sends the form that has the focus.
    pub async fn submit(&self, hands: InputDevices<'_>) -> Result<VisitedPage, Error> {
        let InputDevices { patience, stay, .. } = hands;
        match self {
            Self::Chromium(browser) => browser.submit(patience, stay).await,
            Self::Firefox(browser) => browser.submit(patience, stay).await,
            Self::Window(_) | Self::Phone(_) | Self::Android(_) => Err(cannot("send a form")),
        }
    }

    /// Runs JavaScript in the page and gives its value: text, number, boolean or null.
    pub async fn evaluate(&self, script: &str) -> Result<Value, Error> {
        match self {
            Self::Chromium(browser) => browser.evaluate(script).await,
            Self::Firefox(browser) => browser.evaluate(script).await,
            Self::Window(_) | Self::Phone(_) | Self::Android(_) => Err(cannot("look into a page")),
        }
    }

    /// Whether a switch in its settings is on.
    pub async fn switch_stands(&self, switch: SwitchAt<'_>) -> Result<bool, Error> {
        match self {
            Self::Chromium(browser) => browser.switch_stands(switch).await,
            Self::Firefox(_) | Self::Window(_) | Self::Phone(_) | Self::Android(_) => Err(cannot("read a switch")),
        }
    }

    /// Turns a switch in its settings on or off; returns its position before.
    pub async fn throw_switch(&self, switch: SwitchAt<'_>, on: bool) -> Result<bool, Error> {
        match self {
            Self::Chromium(browser) => browser.throw_switch(switch, on).await,
            Self::Firefox(_) | Self::Window(_) | Self::Phone(_) | Self::Android(_) => Err(cannot("throw a switch")),
        }
    }

    /// Closes it as a person would, so that the browser saves its profile.
    pub async fn close(self) {
        match self {
            Self::Chromium(browser) => browser.close().await,
            Self::Firefox(browser) => browser.close().await,
            Self::Window(browser) => browser.close().await,
            Self::Phone(phone) => phone.close().await,
            Self::Android(app) => app.close().await,
        }
    }

    /// Ends it at once.
    pub async fn kill(self) {
        match self {
            Self::Chromium(browser) => browser.kill().await,
            Self::Firefox(browser) => browser.kill().await,
            Self::Window(browser) => browser.kill().await,
            Self::Phone(phone) => phone.kill().await,
            Self::Android(app) => app.close().await,
        }
    }

    /// Kills it but keeps the handle, so that tests see how a crash is handled.
    pub async fn crash(&mut self) {
        match self {
            Self::Chromium(browser) => browser.crash().await,
            Self::Firefox(browser) => browser.crash().await,
            Self::Window(browser) => browser.crash().await,
            Self::Phone(phone) => phone.crash().await,
            Self::Android(_) => {}
        }
    }
}

/// Cell, display and timing for acts on a browser.
#[derive(Clone, Copy, Debug)]
pub struct InputDevices<'h> {
    pub cell: &'h Cell,
    pub display: Option<&'h VirtualDisplay>,
    /// How long a page may take to load.
    pub patience: Duration,
    /// How long to stay on it then.
    pub stay: Duration,
    /// How fast an address, or words to search for, are typed before they are sent.
    pub pace: TypingPace,
}

impl<'h> InputDevices<'h> {
    pub(super) fn display(&self) -> Result<&'h VirtualDisplay, Error> {
        self.display.ok_or(NO_WINDOW)
    }
}

const fn cannot(act: &'static str) -> Error {
    Error::Cannot { driver: "this driver", act }
}
