//! HTTP/1.1 (RFC 9112), read by hand so that order, case and faults are kept.

pub(crate) mod server;

pub(crate) mod relay;

pub(crate) mod head;

pub(crate) mod body;
