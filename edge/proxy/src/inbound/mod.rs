//! Accepts clients: as an HTTP proxy, by SOCKS, or redirected by the kernel;
//! detects the protocol from the first bytes, and finds the client's program.

pub(crate) mod connection;

pub(crate) mod socks;

pub(crate) mod process;

pub(crate) mod socket_table;

pub(crate) mod splice;

pub(crate) mod stream;
