//! The proxy against clients that nobody here wrote, on loopback and in
//! namespaces of the tests' own.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "in a test a panic is the report")]

mod lab;

mod curl;

mod sealed;

mod websocket;

mod transparent;

mod origin;

mod upstream;

mod socks;

mod http2_proxy;

mod gate;

mod faults;

mod limits;

mod own;

mod others;

mod libcurl;

mod fronting;

mod questions;

mod certificates;

mod unseen;

mod first_packet;

mod odd_http2;
