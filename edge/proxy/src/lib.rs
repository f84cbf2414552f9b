//! The intercepting proxy: every way into one port, down to HTTP.
//!
//! A client comes as to an HTTP proxy, or redirected by the kernel. What it
//! speaks is told from its first bytes; TLS is opened with a certificate made
//! for the name it asks for; each request is answered and handed to a [`ExchangeSink`]
//! as a [`model::Exchange`]. What cannot be read is handed on as sealed: a
//! connection never just vanishes.
//!
//! [`Proxy::serve`] takes a socket that listens, an [`CertificateAuthority`], something
//! that [`AnswerProvider`]s, and a sink.
#![forbid(unsafe_code)]

mod proxy;

mod settings;

mod limits;

mod onward;

mod address_blocks;

mod own_links;

mod translation;

mod answer;

mod sink;

mod authority;

mod leaf_cache;

pub mod dns;

mod connection;

mod home;

mod pairing;

mod unpaired;

mod gate;

mod link;

mod place;

mod socks;

mod process;

mod socket_table;

mod tls;

mod hello;

mod behind;

mod egress;

mod lookups;

mod pins;

mod serve1;

mod relay1;

mod held;

mod heads;

mod bodies;

mod pump;

mod splice;

mod serve2;

mod relay2;

mod relay21;

mod http2_print;

mod http2_frames;

mod reply;

mod websocket;

mod decided;

mod messages;

mod frames;

mod part;

mod wire;

mod stop;

mod clock;

mod error;

pub use answer::{AnswerProvider, StaticResponse};
pub use authority::CertificateAuthority;
pub use clock::now;
pub use error::Error;
pub use gate::{BodyWatch, Gate, HoldRequest, NameRuling, RequestProgress, Ruling, RulingFuture};
pub use home::{InternalHost, PageFuture};
pub use limits::{CommonLimits, ReachedLimit, TellLimit};
pub use onward::{ForwardMode, PinnedAction, UpstreamSettings};
pub use pairing::{CodeDisplay, DevicePairing};
pub use proxy::Proxy;
pub use settings::ProxySettings;
pub use sink::{ExchangeSink, SinkFuture};
pub use socket_table::listening_users;
pub use translation::TranslationPrefix;
