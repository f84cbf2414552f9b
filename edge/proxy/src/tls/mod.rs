//! TLS with clients: the ClientHello, our certificates, and the clients that
//! reject them.

pub(crate) mod certificate_authority;

pub(crate) mod leaf_cache;

pub(crate) mod handshake;

pub(crate) mod client_hello;

pub(crate) mod pinning;
