//! Typing into the address bar, which only a browser with a window has.

use std::time::Duration;

use model::Mode;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::FirefoxDriver;
use crate::{
    Error,
    cell::Cell,
    display::{KeyPress, VirtualDisplay},
    drivers::{browser::InputDevices, visited::VisitedPage},
};

impl FirefoxDriver {
    /// Types into the address bar key by key, without pressing Enter.
    pub async fn type_in_address_bar(&self, cell: &Cell, display: &VirtualDisplay, text: &str) -> Result<(), Error> {
        display.focus(cell).await?;
        display.press(cell, &[KeyPress::Key("ctrl+l"), KeyPress::Text(text)]).await
    }

    /// Opens a private window by pressing `keys`; its tab is used from then on.
    pub async fn open_private(
        &mut self,
        cell: &Cell,
        display: &VirtualDisplay,
        keys: &str,
        patience: Duration,
    ) -> Result<(), Error> {
        let before = self.tabs().await?;
        display.open_window(cell, keys).await?;
        self.mode = Mode::Private;
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if let Some(new) = self.tabs().await?.into_iter().find(|tab| !before.contains(tab)) {
                self.context = new;
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
        Err(Error::NoPage("the private window"))
    }

    /// Every tab of every window (BiDi `browsingContext.getTree`).
    async fn tabs(&self) -> Result<Vec<String>, Error> {
        let tree = self.rpc.call(None, "browsingContext.getTree", json!({"maxDepth": 0})).await?;
        let contexts = tree["contexts"].as_array().into_iter().flatten();
        Ok(contexts.filter_map(|tab| tab["context"].as_str().map(str::to_owned)).collect())
    }

    /// Empties the address bar, without sending the typed text.
    pub async fn leave_address_bar(&self, cell: &Cell, display: &VirtualDisplay) -> Result<(), Error> {
        display.press(cell, &[KeyPress::Key("Escape"), KeyPress::Key("Escape")]).await
    }

    /// Types an address, or words to search for, and presses Enter.
    pub async fn go_by_typing(&self, hands: InputDevices<'_>, text: &str) -> Result<VisitedPage, Error> {
        let (cell, display) = (hands.cell, hands.display()?);
        self.leave(hands.patience, hands.stay, async {
            display.focus(cell).await?;
            display.press(cell, &[KeyPress::Key("ctrl+l")]).await?;
            display.press_at(hands.pace, cell, &[KeyPress::Text(text)]).await?;
            display.press(cell, &[KeyPress::Key("Return")]).await
        })
        .await
    }
}
