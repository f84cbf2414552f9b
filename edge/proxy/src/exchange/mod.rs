//! What one request and its answer have in common, whatever speaks them: where
//! they go, who decides, what is kept, who is told.

pub(crate) mod answer;

pub(crate) mod sink;

pub(crate) mod gate;

pub(crate) mod connection_context;

pub(crate) mod target;

pub(crate) mod hold;

pub(crate) mod body_pump;

pub(crate) mod static_response;

pub(crate) mod captured_body;
