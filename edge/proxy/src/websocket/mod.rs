//! WebSocket (RFC 6455): frames, messages, and what the gate says of them.

pub(crate) mod pass;

pub(crate) mod gated;

pub(crate) mod messages;

pub(crate) mod frame;
