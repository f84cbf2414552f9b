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

mod inbound;

mod tls;

mod exchange;

mod http1;

mod http2;

mod websocket;

mod upstream;

mod limits;

pub mod dns;

mod internal_host;

mod pairing;

mod pairing_page;

mod stop;

mod clock;

mod error;

pub use clock::now;
pub use error::Error;
pub use exchange::answer::{AnswerProvider, StaticResponse};
pub use exchange::gate::{BodyWatch, Gate, HoldRequest, NameRuling, RequestProgress, Ruling, RulingFuture};
pub use exchange::sink::{ExchangeSink, SinkFuture};
pub use inbound::socket_table::listening_users;
pub use internal_host::{InternalHost, PageFuture};
pub use limits::{CommonLimits, ReachedLimit, TellLimit};
pub use pairing::{CodeDisplay, DevicePairing};
pub use proxy::Proxy;
pub use settings::ProxySettings;
pub use tls::certificate_authority::CertificateAuthority;
pub use upstream::forward_mode::{ForwardMode, PinnedAction, UpstreamSettings};
pub use upstream::translation::TranslationPrefix;
