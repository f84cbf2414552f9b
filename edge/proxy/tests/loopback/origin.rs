//! Servers for the tests: they do as they are told, byte by byte, and keep what
//! they were sent.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{Arc, Mutex, OnceLock},
};

use rcgen::{CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}
pub(crate) type Wire = Box<dyn Stream>;

pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    pub(crate) protocols: Arc<Mutex<Vec<Option<Vec<u8>>>>>,
}

struct Ca {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn ca() -> &'static Ca {
    static CA: OnceLock<Ca> = OnceLock::new();
    CA.get_or_init(|| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "An authority");
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Ca { pem, issuer: Issuer::new(params, key) }
    })
}

/// The certificate that has to be trusted for these servers.
pub(crate) fn root() -> String {
    ca().pem.clone()
}

/// A certificate for a name, and its key, as PEM.
pub(crate) fn certificate(name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    (params.signed_by(&key, &ca().issuer).unwrap().pem(), key.serialize_pem())
}

fn tls(names: &[&str], protocols: &[&str]) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    let certificate = params.signed_by(&key, &ca().issuer).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

impl Origin {
    /// A server in clear, which does this on every connection.
    pub(crate) async fn clear<F, W>(act: F) -> Self
    where
        F: Fn(Wire) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        Self::serve(None, act).await
    }

    /// A server in clear that speaks first, as those for mail do, and then says what it is told.
    pub(crate) async fn mail() -> Self {
        Self::clear(|mut wire| async move {
            wire.write_all(b"220 mail.example\r\n").await.unwrap();
            let said = read_until(&mut wire, b"\r\n").await;
            wire.write_all(&said).await.unwrap();
        })
        .await
    }

    /// The same as in clear behind TLS, for `localhost`, with these protocols.
    pub(crate) async fn encrypted<F, W>(protocols: &[&str], act: F) -> Self
    where
        F: Fn(Wire) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        Self::serve(Some(tls(&["localhost", "covered.example"], protocols)), act).await
    }

    /// One whose certificate is for another name.
    pub(crate) async fn misnamed() -> Self {
        Self::serve(Some(tls(&["other.example"], &[])), |_| async {}).await
    }

    async fn serve<F, W>(tls: Option<TlsAcceptor>, act: F) -> Self
    where
        F: Fn(Wire) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let protocols = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&protocols);
        let act = Arc::new(act);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, act, seen) = (tls.clone(), Arc::clone(&act), Arc::clone(&seen));
                tokio::spawn(async move {
                    let wire: Wire = match tls {
                        None => Box::new(stream),
                        Some(tls) => match tls.accept(stream).await {
                            Err(_) => return,
                            Ok(stream) => {
                                seen.lock().unwrap().push(stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec));
                                Box::new(stream)
                            }
                        },
                    };
                    act(wire).await;
                });
            }
        });
        Self { address, protocols }
    }

    pub(crate) fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://localhost:{}{path}", self.address.port())
    }
}

/// Reads until a text is there.
pub(crate) async fn read_until(wire: &mut (impl AsyncRead + Unpin), end: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while !all.ends_with(end) {
        let mut one = [0];
        if wire.read(&mut one).await.unwrap_or_default() == 0 {
            break;
        }
        all.push(one[0]);
    }
    all
}

/// Reads one request with the length it states, and answers it with this.
pub(crate) async fn answer(wire: &mut Wire, with: &[u8]) -> Vec<u8> {
    let mut all = read_until(wire, b"\r\n\r\n").await;
    let text = String::from_utf8_lossy(&all).to_lowercase();
    let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    wire.read_exact(&mut body).await.unwrap();
    all.extend(body);
    if !all.is_empty() {
        wire.write_all(with).await.unwrap();
        wire.flush().await.unwrap();
    }
    all
}
