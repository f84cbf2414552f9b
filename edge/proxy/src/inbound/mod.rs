//! How a client comes in: as to a proxy, by SOCKS, or redirected by the kernel;
//! what its first bytes are, and which program it is.

pub(crate) mod connection;

pub(crate) mod socks;

pub(crate) mod process;

pub(crate) mod socket_table;

pub(crate) mod splice;

pub(crate) mod stream;
