//! What a person types into the address bar. Only a window has one.

use std::time::Duration;

use model::Mode;
use tokio::time::timeout;

use super::{Chromium, Visited};
use crate::{
    Error,
    cell::Cell,
    display::{Display, Keys},
    drivers::browser::Hands,
};

impl Chromium {
    /// Types into the address bar key by key and leaves it at that.
    pub async fn type_in_address_bar(&self, cell: &Cell, display: &Display, text: &str) -> Result<(), Error> {
        display.focus(cell).await?;
        display.press(cell, &[Keys::Key("ctrl+l"), Keys::Text(text)]).await
    }

    /// Opens a private window beside the one that is open, by these keys; its
    /// page is in front from then on.
    pub async fn open_private(
        &mut self,
        cell: &Cell,
        display: &Display,
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

    /// Empties the address bar again: what was typed is not sent.
    pub async fn leave_address_bar(&self, cell: &Cell, display: &Display) -> Result<(), Error> {
        display.press(cell, &[Keys::Key("Escape"), Keys::Key("Escape")]).await
    }

    /// Types an address, or words to search for, and goes there.
    pub async fn go_by_typing(&self, hands: Hands<'_>, text: &str) -> Result<Visited, Error> {
        let (began, display) = (crate::now(), hands.display()?);
        display.focus(hands.cell).await?;
        display.press(hands.cell, &[Keys::Key("ctrl+l")]).await?;
        display.press_at(hands.pace, hands.cell, &[Keys::Text(text)]).await?;
        let page = self.page()?;
        display.press(hands.cell, &[Keys::Key("Return")]).await?;
        self.follow(&page, began, hands.patience, hands.stay).await
    }
}
