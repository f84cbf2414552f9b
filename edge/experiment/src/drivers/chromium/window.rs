//! What a person types into the address bar. Only a window has one.

use std::time::Duration;

use super::{Chromium, Visited};
use crate::{
    Error,
    cell::Cell,
    display::{Display, Keys},
};

impl Chromium {
    /// Types into the address bar key by key and leaves it at that.
    pub async fn type_in_address_bar(&self, cell: &Cell, display: &Display, text: &str) -> Result<(), Error> {
        display.focus(cell).await?;
        display.press(cell, &[Keys::Key("ctrl+l"), Keys::Text(text)]).await
    }

    /// Empties the address bar again: what was typed is not sent.
    pub async fn leave_address_bar(&self, cell: &Cell, display: &Display) -> Result<(), Error> {
        display.press(cell, &[Keys::Key("Escape"), Keys::Key("Escape")]).await
    }

    /// Types an address, or words to search for, and goes there.
    pub async fn go_by_typing(
        &self,
        cell: &Cell,
        display: &Display,
        text: &str,
        patience: Duration,
        stay: Duration,
    ) -> Result<Visited, Error> {
        let began = crate::now();
        self.type_in_address_bar(cell, display, text).await?;
        let page = self.page()?;
        display.press(cell, &[Keys::Key("Return")]).await?;
        self.follow(&page, began, patience, stay).await
    }
}
