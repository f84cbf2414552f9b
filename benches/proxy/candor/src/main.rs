//! `bench-candor PORT ROOT.pem OWN.pem EVIDENCE`: passes everything on and
//! writes it down, until it is told to end.

use std::{net::TcpListener, sync::Arc};

use model::{CaptureEnd, Exchange, Note, Record, Request, Time};
use proxy::{CertificateAuthority, ForwardMode, Proxy, StaticResponse, ProxySettings, ExchangeSink, UpstreamSettings, SinkFuture};
use tokio::signal::unix::{SignalKind, signal};

struct Ledger(evidence::EvidenceSender);

impl ExchangeSink for Ledger {
    fn record(&self, exchange: Exchange) -> SinkFuture<'_> {
        Box::pin(async move {
            self.0.write(Record::Exchange(Box::new(exchange))).await.expect("the bench writes");
        })
    }

    fn note(&self, note: Note) -> SinkFuture<'_> {
        Box::pin(async move {
            self.0.write(Record::Note(note)).await.expect("the bench writes");
        })
    }
}

fn nothing(_: &Request) -> StaticResponse {
    StaticResponse::sinkhole(404, "text/plain", "")
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [port, root, own, evidence] = std::env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "four arguments")?;
    let named = UpstreamSettings { allowed: ["localhost".to_owned()].into(), ..UpstreamSettings::default() };
    let upstream = named.trusting(&std::fs::read_to_string(root)?);
    let settings = ProxySettings { onward: ForwardMode::Upstream(upstream), ..ProxySettings::default() };
    let writer = evidence::EvidenceWriter::create(evidence.as_ref())?;
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?))?;
    let authority = Arc::new(CertificateAuthority::in_memory("Candor bench")?);
    std::fs::write(own, authority.cert_pem())?;
    let proxy = Proxy::serve(listener, authority, Arc::new(nothing), Arc::new(Ledger(writer.pen())), settings)?;
    signal(SignalKind::terminate())?.recv().await;
    proxy.stop().await;
    tokio::task::spawn_blocking(|| writer.finish(CaptureEnd { at: Time(0), early: None })).await??;
    Ok(())
}
