//! The parts that HTTP/1, HTTP/2 and WebSocket exchanges share: targets, the
//! gate, kept bodies and the sink.

pub(crate) mod answer;

pub(crate) mod sink;

pub(crate) mod gate;

pub(crate) mod connection_context;

pub(crate) mod target;

pub(crate) mod hold;

pub(crate) mod body_pump;

pub(crate) mod static_response;

pub(crate) mod captured_body;
