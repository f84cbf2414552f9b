//! Typing into the address bar, which only a browser with a window has.

use std::time::Duration;

use model::Mode;
use tokio::time::timeout;

use super::{ChromiumDriver, VisitedPage};
use crate::{
    Error,
    cell::Cell,
    display::{KeyPress, VirtualDisplay},
    drivers::browser::InputDevices,
};

impl ChromiumDriver {
    /// Types into the address bar key by key, without pressing Enter.
    pub async fn type_in_address_bar(&self, cell: &Cell, display: &VirtualDisplay, text: &str) -> Result<(), Error> {
        display.focus(cell).await?;
        display.press(cell, &[KeyPress::Key("ctrl+l"), KeyPress::Text(text)]).await
    }

    /// Opens a private window by pressing `keys`; its page is the page in front from
    /// then on.
    pub async fn open_private(
        &mut self,
        cell: &Cell,
        display: &VirtualDisplay,
        keys: &str,
        patience: Duration,
    ) -> Result<(), Error> {
        let before = self.page()?;
        display.open_window(cell, keys).await?;
        let mut open = self.open.clone();
        let new = open.wait_for(|open| open.over || open.pages().next_back().is_some_and(|page| page.id != before.id));
        let came = timeout(patience, new).await.is_ok_and(|open| open.is_ok_and(|open| !open.over));
        self.mode = Mode::Private;
        if came { Ok(()) } else { Err(Error::NoPage("the private window")) }
    }

    /// Empties the address bar, without sending the typed text.
    pub async fn leave_address_bar(&self, cell: &Cell, display: &VirtualDisplay) -> Result<(), Error> {
        display.press(cell, &[KeyPress::Key("Escape"), KeyPress::Key("Escape")]).await
    }

    /// Types an address, or words to search for, and presses Enter.
    pub async fn go_by_typing(&self, hands: InputDevices<'_>, text: &str) -> Result<VisitedPage, Error> {
        let (began, display) = (crate::now(), hands.display()?);
        display.focus(hands.cell).await?;
        display.press(hands.cell, &[KeyPress::Key("ctrl+l")]).await?;
        display.press_at(hands.pace, hands.cell, &[KeyPress::Text(text)]).await?;
        let page = self.page()?;
        display.press(hands.cell, &[KeyPress::Key("Return")]).await?;
        self.follow(&page, began, hands.patience, hands.stay).await
    }
}
