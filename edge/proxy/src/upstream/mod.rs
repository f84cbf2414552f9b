//! Connections to servers: permitted addresses, name lookups, TCP and TLS.

pub(crate) mod forward_mode;

pub(crate) mod address_blocks;

pub(crate) mod own_links;

pub(crate) mod translation;

pub(crate) mod peer;

pub(crate) mod connector;

pub(crate) mod lookups;
