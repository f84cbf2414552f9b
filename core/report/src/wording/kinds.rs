//! Kinds of data as labels: two or three words that fit into a picture. The
//! full sentence for a kind stands in `data/kinds.toml`.

use std::borrow::Cow;

use model::Kind;

use crate::sanitize::inert;

/// `visited-host` → `site visited`; a kind we have no label for keeps its name.
pub fn kind(kind: &Kind) -> Cow<'_, str> {
    let label = match kind.as_str() {
        "visited-url" => "page address",
        "visited-url-part" => "part of a page address",
        "visited-host" => "site visited",
        "search" => "search words",
        "page-text" => "text on a page",
        "screen-name" => "screen viewed",
        "click-label" => "button clicked",
        "folder" => "folder opened",
        "file-path" => "file on the device",
        "email" => "e-mail address",
        "phone" => "phone number",
        "person-name" => "person’s name",
        "user-id" => "user account",
        "device-id" => "device identifier",
        "advertising-id" => "advertising identifier",
        "persistent-id" => "lasting identifier",
        "session-id" => "session identifier",
        "app-list" => "installed apps",
        "component-list" => "components and extensions",
        "ip-address" => "IP address",
        other => return Cow::Owned(inert(other).replace('-', " ")),
    };
    Cow::Borrowed(label)
}
