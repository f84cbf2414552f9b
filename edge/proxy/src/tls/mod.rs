//! TLS of clients: the ClientHello, our certificates, and who does not take them.

pub(crate) mod certificate_authority;

pub(crate) mod leaf_cache;

pub(crate) mod handshake;

pub(crate) mod client_hello;

pub(crate) mod pinning;
