//! WebSockets on which the gate decides about each message.
//!
//! Messages from the server pass at once. A client's message is held until it
//! is complete; then its frames are forwarded as they arrived, or dropped. With
//! compression the server decompresses each message with the previous ones as
//! context (RFC 7692 §7.1.1). Therefore, after one message was dropped, the
//! following ones are sent uncompressed, which is always allowed (§6).

use bytes::Buf;
use model::{Body, Direction, Exchange, Message};
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, sleep_until},
};

use crate::{
    clock,
    exchange::connection_context::ConnectionContext,
    exchange::gate::{Gate, RequestProgress, Ruling},
    exchange::hold::MESSAGE,
    http1::head::HeaderFields,
    inbound::stream::BufferedStream,
    websocket::frame,
    websocket::messages::{FrameEvent, MessageInflater, MessageLog, MessageReader},
};

/// Forwards the permitted messages in both directions, and returns all
/// messages.
pub(crate) async fn pass(
    client: &mut BufferedStream,
    server: &mut BufferedStream,
    link: &ConnectionContext,
    agreed: &HeaderFields,
    gate: &dyn Gate,
    opening: Exchange,
) -> Vec<Message> {
    let inflates = MessageInflater::agreed(agreed);
    let remembers = inflates.as_ref().is_some_and(|(client, _)| !client.is_afresh());
    let (from_client, from_server) = inflates.unzip();
    let mut session = GatedSession {
        gate,
        opening,
        said: MessageLog::new(link.settings().messages_limit),
        ear: MessageReader::new(Direction::FromClient, from_client),
        one: MessageLog::new(MESSAGE.0),
        held: Vec::new(),
        frame: 0,
        first: None,
        since: None,
        fate: None,
        remembers,
        missing: false,
    };
    let mut server_ear = MessageReader::new(Direction::FromServer, from_server);
    let mut client_is_there = true;
    loop {
        if session.hear(&mut client.ahead, server).await.is_err() {
            break;
        }
        let deadline = session.since.map_or_else(|| Instant::now() + link.settings().idle, |since| since + MESSAGE.1);
        tokio::select! {
            filled = client.fill(), if client_is_there => {
                if !matches!(filled, Ok(count) if count > 0) {
                    client_is_there = false;
                    let _ = server.shutdown().await;
                }
            }
            filled = server.fill() => {
                if !matches!(filled, Ok(count) if count > 0) {
                    break;
                }
                let mut bytes = &server.ahead[..];
                while !bytes.is_empty() {
                    let (taken, _) = server_ear.hear(bytes, &mut session.said);
                    bytes = &bytes[taken..];
                }
                let passed = client.write_all(&server.ahead).await.is_ok() && client.flush().await.is_ok();
                server.ahead.clear();
                if !passed {
                    break;
                }
            }
            () = sleep_until(deadline) => {
                let overdue = session.since.is_some();
                if !overdue || session.too_much(server).await.is_err() {
                    break;
                }
            }
        }
    }
    let _ = server.shutdown().await;
    let _ = client.shutdown().await;
    for message in std::mem::take(&mut session.one.messages) {
        session.keep(&message);
    }
    session.ear.hang_up(&mut session.said);
    server_ear.hang_up(&mut session.said);
    session.said.messages
}

/// The connection has to end.
struct ConnectionOver;

/// What happens to the rest of a message that was too long to hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MessageFate {
    Pass,
    Drop,
}

struct GatedSession<'g> {
    gate: &'g dyn Gate,
    opening: Exchange,
    said: MessageLog,
    ear: MessageReader,
    /// The message that is arriving.
    one: MessageLog,
    /// The held frames as they arrived, and where the current frame starts in
    /// them.
    held: Vec<u8>,
    frame: usize,
    /// The first byte of the current frame, which contains its type.
    first: Option<u8>,
    since: Option<Instant>,
    fate: Option<MessageFate>,
    /// The server decompresses a message with the previous ones as context.
    remembers: bool,
    /// One of these previous messages was dropped.
    missing: bool,
}

impl GatedSession<'_> {
    /// Reads the client's bytes, and forwards the permitted ones.
    async fn hear(&mut self, bytes: &mut bytes::BytesMut, server: &mut BufferedStream) -> Result<(), ConnectionOver> {
        while !bytes.is_empty() {
            self.first.get_or_insert(bytes[0]);
            let (taken, heard) = self.ear.hear(bytes, &mut self.one);
            self.held.extend_from_slice(&bytes[..taken]);
            bytes.advance(taken);
            self.since.get_or_insert_with(Instant::now);
            if self.ear.broke_rules() {
                // A frame that breaks the protocol could be a secret channel to
                // a server that cooperates with the client.
                return Err(ConnectionOver);
            }
            if let Some(heard) = heard {
                self.frame_is_whole(heard, server).await?;
            }
            if self.fate.is_some() && !is_control(self.first) {
                self.go_on(server).await?;
            } else if self.held.len() > MESSAGE.0 {
                self.too_much(server).await?;
            }
        }
        Ok(())
    }

    async fn frame_is_whole(&mut self, heard: FrameEvent, server: &mut BufferedStream) -> Result<(), ConnectionOver> {
        if is_control(self.first.take()) {
            // Control frames may stand between the frames of a message (RFC
            // 6455 §5.5).
            let control = self.held.split_off(self.frame);
            if self.held.is_empty() && self.fate.is_none() {
                self.since = None;
            }
            return self.control(&control, &heard, server).await;
        }
        self.frame = self.held.len();
        if heard != FrameEvent::Message {
            return Ok(());
        }
        let message = self.one.messages.pop();
        self.one = MessageLog::new(MESSAGE.0);
        let (raw, fate) = (std::mem::take(&mut self.held), self.fate.take());
        (self.frame, self.since) = (0, None);
        let Some(message) = message else { return Ok(()) };
        self.keep(&message);
        match fate {
            Some(MessageFate::Pass) => return send(server, &raw).await,
            Some(MessageFate::Drop) => return Ok(()),
            None => {}
        }
        match self.ruling(message.clone(), true).await {
            Ruling::Pass if self.missing => send(server, &unpacked(&raw, &message)?).await,
            Ruling::Pass => send(server, &raw).await,
            Ruling::Absorb(_) => {
                self.missing |= self.remembers;
                Ok(())
            }
            Ruling::Cut => Err(ConnectionOver),
        }
    }

    /// Lets the gate decide about a control frame by its payload, if it has
    /// any.
    async fn control(
        &mut self,
        raw: &[u8],
        heard: &FrameEvent,
        server: &mut BufferedStream,
    ) -> Result<(), ConnectionOver> {
        // No data message is complete here, so this message is the control
        // frame's payload.
        let Some(message) = self.one.messages.pop() else { return send(server, raw).await };
        self.keep(&message);
        match (self.ruling(message, true).await, heard) {
            (Ruling::Pass, _) => send(server, raw).await,
            // The server learns that the connection closes, but not the reason
            // text.
            (Ruling::Absorb(_), FrameEvent::Close(_)) => send(server, &frame::masked_close()).await,
            (Ruling::Absorb(_), _) => Ok(()),
            (Ruling::Cut, _) => Err(ConnectionOver),
        }
    }

    /// Decides about a message that is too long or arrives too slowly to be
    /// held.
    async fn too_much(&mut self, server: &mut BufferedStream) -> Result<(), ConnectionOver> {
        // A control frame is short; the gate decides about it when it is
        // complete.
        let only_control = is_control(self.first) && self.frame == 0;
        if self.fate.is_some() || only_control {
            self.since = None;
            return Ok(());
        }
        let body = Body { bytes: [].into(), cut_from: Some(self.held.len() as u64) };
        let so_far = Message { direction: Direction::FromClient, at: clock::now(), text: false, body };
        match self.ruling(so_far, false).await {
            // The rest of the message cannot be decompressed for the server.
            Ruling::Pass if self.missing => return Err(ConnectionOver),
            Ruling::Pass => self.fate = Some(MessageFate::Pass),
            Ruling::Absorb(_) => {
                self.missing |= self.remembers;
                self.fate = Some(MessageFate::Drop);
            }
            Ruling::Cut => return Err(ConnectionOver),
        }
        self.go_on(server).await
    }

    /// Forwards or drops the held part of a message whose fate is decided.
    async fn go_on(&mut self, server: &mut BufferedStream) -> Result<(), ConnectionOver> {
        // The gate decides separately about a control frame inside a message.
        let control = if is_control(self.first) { self.held.split_off(self.frame) } else { Vec::new() };
        let raw = std::mem::replace(&mut self.held, control);
        self.frame = 0;
        self.since = None;
        if self.fate == Some(MessageFate::Pass) { send(server, &raw).await } else { Ok(()) }
    }

    async fn ruling(&self, message: Message, whole: bool) -> Ruling {
        let exchange = Exchange { messages: vec![message], ..self.opening.clone() };
        let waited = self.since.map(|since| since.elapsed()).unwrap_or_default();
        self.gate.decide(&exchange, RequestProgress { whole, waited }).await
    }

    /// Records a message, as far as there is room.
    fn keep(&mut self, message: &Message) {
        self.said.add_if_room(message);
    }
}

fn is_control(first: Option<u8>) -> bool {
    first.is_some_and(|first| first & 0x08 != 0)
}

/// Encodes a message as frames that need no previous message for decompression.
fn unpacked(raw: &[u8], message: &Message) -> Result<Vec<u8>, ConnectionOver> {
    if message.body.cut_from.is_some() {
        return Err(ConnectionOver);
    }
    let head = frame::FrameHead::read(raw).ok_or(ConnectionOver)?;
    Ok(frame::masked(message.text, head.mask.unwrap_or_default(), &message.body.bytes))
}

async fn send(server: &mut BufferedStream, bytes: &[u8]) -> Result<(), ConnectionOver> {
    server.write_all(bytes).await.map_err(|_| ConnectionOver)?;
    server.flush().await.map_err(|_| ConnectionOver)
}
