//! `bench-hudsucker PORT ROOT.pem CA.pem CA.key`: passes everything on, and
//! does nothing with it. What an ordinary proxy on the same libraries costs.

use std::{net::SocketAddr, sync::Arc};

use hudsucker::{
    NoopHandler, Proxy,
    certificate_authority::RcgenAuthority,
    hyper_util::client::legacy::connect::HttpConnector,
    rcgen::{Issuer, KeyPair},
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs::default_provider,
        pki_types::{CertificateDer, pem::PemObject},
    },
};
use hyper_rustls::HttpsConnectorBuilder;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [port, root, ca, key] = std::env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "four arguments")?;
    let issuer = Issuer::from_ca_cert_pem(&std::fs::read_to_string(ca)?, KeyPair::from_pem(&std::fs::read_to_string(key)?)?)?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root)?)?;
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().enable_http2().wrap_connector(http);
    Proxy::builder()
        .with_addr(SocketAddr::from(([127, 0, 0, 1], port.parse()?)))
        .with_ca(RcgenAuthority::new(issuer, 1_000, default_provider()))
        .with_http_connector(connector)
        .with_http_handler(NoopHandler::default())
        .build()?
        .start()
        .await?;
    Ok(())
}
