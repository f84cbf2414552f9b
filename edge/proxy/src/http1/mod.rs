//! HTTP/1.1 (RFC 9112). Our own parser keeps the order and case of fields, and
//! their errors.

pub(crate) mod server;

pub(crate) mod relay;

pub(crate) mod head;

pub(crate) mod body;
