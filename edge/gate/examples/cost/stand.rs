//! The three proxies.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    sync::{Arc, OnceLock},
};

use evidence::EvidenceWriter;
use gate::{GuardFolder, GuardGate, GuardState};
use knowledge::Knowledge;
use model::{Mode, Record};
use proxy::{
    CertificateAuthority, ExchangeSink, ForwardMode, Gate, PinnedAction, Proxy, ProxySettings, SinkFuture,
    StaticResponse, UpstreamSettings,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_rustls::TlsConnector;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Unrecorded,
    Capture,
    Guard,
}

/// A proxy under load.
pub struct Stand {
    pub address: SocketAddr,
    pub connector: TlsConnector,
    _proxy: Proxy,
    _writer: Option<EvidenceWriter>,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Unrecorded, Self::Capture, Self::Guard];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Unrecorded => "nothing recorded",
            Self::Capture => "plain capture",
            Self::Guard => "guard",
        }
    }
}

/// Takes nothing down.
struct Nowhere;

impl ExchangeSink for Nowhere {
    fn record(&self, _: model::Exchange) -> SinkFuture<'_> {
        Box::pin(async {})
    }

    fn note(&self, _: model::Note) -> SinkFuture<'_> {
        Box::pin(async {})
    }
}

/// Takes everything down, as `candor capture` does.
struct Book(evidence::EvidenceSender);

impl ExchangeSink for Book {
    fn record(&self, exchange: model::Exchange) -> SinkFuture<'_> {
        Box::pin(async move { self.0.write(Record::Exchange(Box::new(exchange))).await.unwrap() })
    }

    fn note(&self, note: model::Note) -> SinkFuture<'_> {
        Box::pin(async move { self.0.write(Record::Note(note)).await.unwrap() })
    }
}

impl Stand {
    pub async fn start(kind: Kind, server: &SocketAddr, folder: &Path) -> Self {
        let mut upstream = UpstreamSettings { on_pinned: PinnedAction::Refuse, ..UpstreamSettings::default() };
        upstream.fixed.insert("*".into(), *server);
        for number in 0..16 {
            upstream.insecure.insert(format!("collector-{number}-of-nobody.example"));
        }
        upstream.insecure.extend(["site.example".into(), "collector-of-nobody.example".into()]);
        let mut settings = ProxySettings { onward: ForwardMode::Upstream(upstream), ..ProxySettings::default() };
        let mut writer = None;
        let (answers, sink): (Arc<dyn proxy::AnswerProvider>, Arc<dyn ExchangeSink>) = match kind {
            Kind::Unrecorded => (Arc::new(nobody), Arc::new(Nowhere)),
            Kind::Capture => {
                let writer = writer.insert(EvidenceWriter::create(&folder.join("plain.candor")).unwrap());
                (Arc::new(nobody), Arc::new(Book(writer.pen())))
            }
            Kind::Guard => {
                let keeper =
                    GuardState::open(Arc::new(Knowledge::built_in()), &GuardFolder(folder.join("guard"))).unwrap();
                let port = GuardGate::new(keeper, Mode::Normal);
                settings.gate = Some(Arc::clone(&port) as Arc<dyn Gate>);
                (port.clone(), port)
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = Proxy::serve(listener, authority(), answers, sink, settings).unwrap();
        Self { address: proxy.address(), connector: connector(), _proxy: proxy, _writer: writer }
    }
}

fn nobody(_: &model::Request) -> StaticResponse {
    StaticResponse::sinkhole(502, "text/plain", "")
}

fn authority() -> Arc<CertificateAuthority> {
    static ONE: OnceLock<Arc<CertificateAuthority>> = OnceLock::new();
    Arc::clone(ONE.get_or_init(|| Arc::new(CertificateAuthority::in_memory("A bench").unwrap())))
}

fn connector() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(authority().cert_pem().as_bytes()).flatten());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
