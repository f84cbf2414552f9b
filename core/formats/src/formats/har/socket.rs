//! `_webSocketMessages`: what went over a WebSocket, beside its handshake.
//!
//! `type` is `send` or `receive`, `time` a number of seconds, `opcode` that of
//! RFC 6455 §5.2. The data of a binary message is base64, as Chromium began it.

use model::{Body, Direction, Message};

use super::{
    body::HarBody,
    json::{HarResult, JsonCursor},
    text::WtfText,
};
use crate::stamp;

pub(super) fn message(json: &mut JsonCursor<'_>) -> HarResult<Message> {
    let mut from_client = true;
    let mut at = model::Time(0);
    let mut binary = false;
    let mut written = HarBody::default();
    json.object(|key, json| {
        match key {
            b"type" => from_client = json.text()?.is_none_or(|word| is_sent(&word)),
            b"time" => at = json.number()?.map(stamp::of_seconds).unwrap_or_default(),
            b"opcode" => binary = json.number()? == Some(2.0),
            b"data" => written.text = json.text()?,
            b"encoding" => written.encoding = json.text()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if binary && written.encoding.is_none() {
        written.encoding = Some(WtfText::new(b"base64".into(), false));
    }
    let direction = if from_client { Direction::FromClient } else { Direction::FromServer };
    Ok(Message { direction, at, text: !binary, body: Body::whole(written.bytes().bytes) })
}

fn is_sent(word: &WtfText<'_>) -> bool {
    [&b"send"[..], b"sent", b"request", b"outgoing"].contains(&word.raw())
}
