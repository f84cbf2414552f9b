//! Connects to servers.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use model::{AnsweredBy, Client, Header};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use socket2::{SockRef, TcpKeepalive};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use crate::{
    Error, StaticResponse,
    exchange::target::HostPort,
    inbound::stream::{BufferedStream, WireCounts},
    stop::StopToken,
    tls::pinning::PinningTracker,
    upstream::forward_mode::{AddressPermit, PinnedAction, UpstreamSettings},
    upstream::lookups::LookupCache,
    upstream::translation::{DISCOVERY_NAME, TranslationPrefix},
};

/// How long the network's NAT64 prefixes are cached: the machine may change its
/// network.
const NETWORK_STAYS: Duration = Duration::from_secs(60);
const DISCOVERY_TIME: Duration = Duration::from_secs(2);

/// Connects to servers, and caches what it learns about them.
pub(crate) struct ServerConnector {
    pub(crate) upstream: UpstreamSettings,
    verifying: ClientConfig,
    trusting: ClientConfig,
    pub(crate) pins: PinningTracker,
    /// Cached results of whether a name resolves to an address.
    looked_up: Mutex<LookupCache>,
    /// The NAT64 prefixes of the network, and when they were looked up.
    translations: Mutex<Option<(Instant, Vec<TranslationPrefix>)>>,
}

/// An encrypted connection to a server.
pub(crate) struct EncryptedStream {
    pub(crate) conn: BufferedStream,
    /// The protocol that the server chose by ALPN (RFC 7301).
    pub(crate) protocol: Option<Vec<u8>>,
    /// The server's certificate, if it was verified.
    pub(crate) certificate: Option<CertificateDer<'static>>,
}

/// Why a server could not be reached, in words for the client and the record.
#[derive(Clone, Debug)]
pub(crate) struct ConnectError {
    pub(crate) status: u16,
    pub(crate) says: String,
}

impl ConnectError {
    fn new(status: u16, says: impl Into<String>) -> Self {
        Self { status, says: says.into() }
    }

    /// The error for a server whose name the gate does not disclose.
    pub(crate) fn withheld(host: &str) -> Self {
        Self::new(403, format!("{host} was not connected to, as its name is stopped"))
    }

    /// The error for a request to a host that the server of this connection
    /// does not serve.
    pub(crate) fn misdirected(host: &str) -> Self {
        Self::new(421, format!("the certificate of {host} does not cover the host that was asked for"))
    }

    /// The response to a CONNECT that failed.
    pub(crate) fn answer_to_connect(&self) -> Vec<u8> {
        let reply = self.reply();
        let reason = http::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        let mut answer = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.status,
            reason.unwrap_or_default(),
            reply.body.len()
        )
        .into_bytes();
        answer.extend_from_slice(&reply.body);
        answer
    }

    /// The response that a client gets instead of the server's.
    pub(crate) fn reply(&self) -> StaticResponse {
        let body = format!("Candor cannot pass this on. {}.\n", self.says);
        let headers = vec![Header::new("Content-Type", "text/plain; charset=utf-8")];
        StaticResponse { status: self.status, headers, body: body.into(), by: AnsweredBy::Proxy }
    }
}

impl ServerConnector {
    pub(crate) fn new(upstream: UpstreamSettings) -> Result<Self, Error> {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(upstream.roots.iter().cloned());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(Error::Tls)?;
        let verifying = builder.clone().with_root_certificates(roots).with_no_client_auth();
        let anyone = Arc::new(AnyCertificate(provider));
        let trusting = builder.dangerous().with_custom_certificate_verifier(anyone).with_no_client_auth();
        Ok(Self {
            upstream,
            verifying,
            trusting,
            pins: PinningTracker::default(),
            looked_up: Mutex::new(LookupCache::new()),
            translations: Mutex::default(),
        })
    }

    /// An unencrypted connection to a server.
    pub(crate) async fn connect(&self, target: &HostPort, stop: &StopToken) -> Result<BufferedStream, ConnectError> {
        let time = self.upstream.connect_time;
        match timeout(time, self.reach(target)).await {
            Ok(Ok(stream)) => Ok(BufferedStream::tcp(stream, Arc::new(WireCounts::default()), stop)),
            Ok(Err(trouble)) => Err(trouble),
            Err(_) => Err(ConnectError::new(504, format!("{} did not answer in {} s", target.host, time.as_secs()))),
        }
    }

    async fn reach(&self, target: &HostPort) -> Result<TcpStream, ConnectError> {
        let host = target.host.as_str();
        if let Some(address) = self.upstream.fixed(host) {
            return self.reach_fixed(host, address).await;
        }
        let found = tokio::net::lookup_host((host, target.port)).await;
        let addresses = found.map_err(|_| ConnectError::new(502, format!("{host} has no address")))?;
        let mut trouble = ConnectError::new(502, format!("{host} has no address"));
        for address in addresses {
            let found = self.network_prefixes(address.ip()).await;
            trouble = match self.upstream.permits(host, address, &found) {
                AddressPermit::Yes => match self.dial(address).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => ConnectError::new(502, format!("{host} cannot be reached: {}", error.kind())),
                },
                AddressPermit::NotNamed => ConnectError::new(403, not_named(target)),
                // Does not try another address of the name either: a name that
                // resolves to Candor's own socket was set up to reach it.
                AddressPermit::Never => {
                    return Err(ConnectError::new(403, "Candor's own pages are not reached through Candor"));
                }
            };
        }
        Err(trouble)
    }

    /// The NAT64 prefixes of this network (RFC 7050), if the address is an IPv6
    /// address.
    async fn network_prefixes(&self, address: IpAddr) -> Vec<TranslationPrefix> {
        if !matches!(address.to_canonical(), IpAddr::V6(_)) {
            return Vec::new();
        }
        let known = lock(&self.translations).clone();
        if let Some((_, prefixes)) = known.filter(|(asked, _)| asked.elapsed() < NETWORK_STAYS) {
            return prefixes;
        }
        let found = timeout(DISCOVERY_TIME, tokio::net::lookup_host((DISCOVERY_NAME, 0))).await;
        let answers = found.into_iter().flatten().flatten().filter_map(|found| match found.ip() {
            IpAddr::V6(v6) => TranslationPrefix::of_discovery(v6),
            IpAddr::V4(_) => None,
        });
        let prefixes: Vec<TranslationPrefix> = answers.collect();
        *lock(&self.translations) = Some((Instant::now(), prefixes.clone()));
        prefixes
    }

    async fn reach_fixed(&self, host: &str, address: SocketAddr) -> Result<TcpStream, ConnectError> {
        if self.upstream.is_ours(address) {
            return Err(ConnectError::new(403, format!("{host} leads back to Candor itself")));
        }
        self.dial(address)
            .await
            .map_err(|error| ConnectError::new(502, format!("{host} cannot be reached: {}", error.kind())))
    }

    async fn dial(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = match address {
            SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
            SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
        };
        if let Some(mark) = self.upstream.mark {
            SockRef::from(&socket).set_mark(mark)?;
        }
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        keep_watch(&stream);
        Ok(stream)
    }

    /// Whether a lookup of `name` gives this address, so that a client that
    /// connects to the name gets there.
    pub(crate) async fn leads_to(&self, name: &str, address: SocketAddr) -> bool {
        let fixed = |host: &str| self.upstream.fixed(host);
        if fixed(name).is_some() {
            return fixed(name) == fixed(&address.ip().to_string());
        }
        if name.is_empty() || name.parse::<IpAddr>().is_ok() {
            return false;
        }
        let known = (name.to_owned(), address.ip().to_canonical());
        if let Some(leads) = lock(&self.looked_up).find(&known, Instant::now()) {
            return leads;
        }
        let looking = timeout(self.upstream.connect_time, tokio::net::lookup_host((name, address.port())));
        let Ok(Ok(mut found)) = looking.await else { return false };
        let leads = found.any(|one| one.ip().to_canonical() == known.1);
        lock(&self.looked_up).keep(known, leads, Instant::now());
        leads
    }

    /// Opens TLS to a server, which chooses one of the `offered` protocols.
    pub(crate) async fn encrypt(
        &self,
        conn: BufferedStream,
        host: &str,
        offered: &[String],
    ) -> Result<EncryptedStream, ConnectError> {
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| ConnectError::new(502, format!("{host} is no name")))?;
        let is_verified = !self.upstream.insecure.contains(host);
        let config = if is_verified { &self.verifying } else { &self.trusting };
        let mut config = config.clone();
        config.alpn_protocols = ours(offered);
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, conn);
        match timeout(self.upstream.connect_time, handshake).await {
            Ok(Ok(stream)) => {
                let session = stream.get_ref().1;
                let protocol = session.alpn_protocol().map(<[u8]>::to_vec);
                let leaf = session.peer_certificates().and_then(|chain| chain.first());
                let certificate = leaf.filter(|_| is_verified).map(|leaf| leaf.clone().into_owned());
                Ok(EncryptedStream { conn: BufferedStream::tls_to_server(stream), protocol, certificate })
            }
            Ok(Err(error)) => Err(ConnectError::new(502, why(host, &error))),
            Err(_) => Err(ConnectError::new(504, format!("{host} did not finish its TLS handshake"))),
        }
    }

    /// Whether clients of this kind have rejected our certificate for this host
    /// so often that their connections are passed through.
    pub(crate) fn is_pinned(&self, host: &str, client: &Client) -> bool {
        let PinnedAction::Tunnel { after } = self.upstream.on_pinned else { return false };
        self.pins.refusals(host, client) >= after
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error text for a server on this machine, on its network or at a reserved
/// address that the user did not allow; it tells how to allow it.
fn not_named(target: &HostPort) -> String {
    let (host, named) = (&target.host, target.with_port());
    format!(
        "{host} is in this machine or its network, or its address is set apart for a special purpose. If you mean it: --allow-upstream {named}"
    )
}

/// Turns on TCP keepalive, which detects a peer that vanished without closing
/// the connection.
pub(crate) fn keep_watch(stream: &TcpStream) {
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15));
    // Without keepalive, the next write detects a vanished peer.
    let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
}

/// The protocols among the client's ALPN offer that the proxy can relay.
fn ours(offered: &[String]) -> Vec<Vec<u8>> {
    let known = |name: &&String| matches!(name.as_str(), "h2" | "http/1.1");
    offered.iter().filter(known).map(|name| name.as_bytes().to_vec()).collect()
}

fn why(host: &str, error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(wrong)) => {
            format!("the certificate of {host} is not valid: {}", what_is_wrong(wrong))
        }
        Some(rustls::Error::AlertReceived(alert)) => format!("{host} ended the TLS handshake: {alert:?}"),
        Some(_) => format!("{host} and Candor found no common TLS"),
        None => format!("{host} hung up in the TLS handshake"),
    }
}

fn what_is_wrong(certificate: &CertificateError) -> &'static str {
    match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet",
        CertificateError::UnknownIssuer => "nobody we trust has signed it",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => "it is for another name",
        CertificateError::Revoked => "it was revoked",
        CertificateError::BadSignature => "its signature is wrong",
        _ => "it could not be checked",
    }
}

/// Accepts any certificate: for hosts that the user listed as insecure.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
