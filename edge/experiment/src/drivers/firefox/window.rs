//! What a person types into the address bar. Only a window has one.

use std::time::Duration;

use super::Firefox;
use crate::{
    Error,
    cell::Cell,
    display::{Display, Keys},
    drivers::visited::Visited,
};

impl Firefox {
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
        self.leave(patience, stay, async {
            self.type_in_address_bar(cell, display, text).await?;
            display.press(cell, &[Keys::Key("Return")]).await
        })
        .await
    }
}
