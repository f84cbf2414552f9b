//! Clients by whose clock our certificate is over.

use std::{sync::Arc, time::Duration};

use model::SealReason;
use proxy::{PinnedAction, UpstreamSettings};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    time_provider::TimeProvider,
};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use crate::{
    lab::{Lab, authority, echo, text, upstream},
    origin::{Origin, read_until},
    upstream::{HELLO, Log, keeping},
};

/// A clock that is wrong by so many days.
#[derive(Debug)]
struct WrongClock(i64);

impl TimeProvider for WrongClock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = i64::try_from(UnixTime::now().as_secs()).unwrap() + self.0 * 24 * 60 * 60;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds.try_into().unwrap())))
    }
}

/// Whether a client with this clock, which trusts us, takes our certificate.
async fn takes_it(lab: &Lab, port: u16, clock: WrongClock) -> bool {
    let mut wire = TcpStream::connect(lab.address).await.unwrap();
    wire.write_all(format!("CONNECT localhost:{port} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
    read_until(&mut wire, b"\r\n\r\n").await;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority().cert_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_details(provider, Arc::new(clock));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, wire).await.is_ok()
}

#[tokio::test]
async fn clients_whose_clock_is_wrong_do_not_make_a_host_unread() {
    let origin = Origin::encrypted(&["http/1.1"], keeping(&Log::default(), HELLO)).await;
    let pinned = UpstreamSettings { on_pinned: PinnedAction::Tunnel { after: 2 }, ..UpstreamSettings::default() };
    let lab = Lab::with(upstream(pinned), echo);
    for days in [40, 40, 40, -10, -10, -10] {
        assert!(!takes_it(&lab, origin.address.port(), WrongClock(days)).await, "{days}");
    }
    assert!(takes_it(&lab, origin.address.port(), WrongClock(0)).await);
    assert_eq!(text(&lab.curl(&[&origin.url("https", "/")]).await), "hello");
    let seen = timeout(Duration::from_secs(60), lab.stop()).await.unwrap().exchanges;
    let seals: Vec<_> =
        seen.iter().filter_map(|seen| seen.seal.as_ref()).map(|seal| (seal.reason, &*seal.says)).collect();
    let over = "our certificate is over by the client's clock: alert certificate_expired";
    assert_eq!(seals, [(SealReason::Refused, over); 6], "each is in the record, and says whose failure it is");
    assert_eq!(seen.iter().filter(|seen| seen.response.is_some()).count(), 1, "and it is still read");
}
