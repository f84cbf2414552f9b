//! The intercepting proxy: one port accepts every kind of client, and reads its
//! traffic down to HTTP.
//!
//! A client connects as to an HTTP proxy, or is redirected by the kernel. The
//! first bytes show the protocol; TLS is decrypted with a certificate made for
//! the requested name; each request is answered and handed to an
//! [`ExchangeSink`] as a [`model::Exchange`]. A connection that cannot be read
//! is handed over as sealed, so that no connection is missing from the record.
//!
//! [`Proxy::serve`] takes a listening socket, a [`CertificateAuthority`], an
//! [`AnswerProvider`], and a sink.
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
