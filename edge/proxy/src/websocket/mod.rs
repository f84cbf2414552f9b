//! WebSocket (RFC 6455): frames, messages, and the gate's decisions about them.

pub(crate) mod pass;

pub(crate) mod gated;

pub(crate) mod messages;

pub(crate) mod frame;
