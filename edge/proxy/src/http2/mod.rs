//! HTTP/2 (RFC 9113), and the translation for servers that speak HTTP/1.1 only.

pub(crate) mod server;

pub(crate) mod relay;

pub(crate) mod to_http1;

pub(crate) mod fingerprint;

pub(crate) mod frames;
