//! The certificate authority, and the certificates it issues for the names that
//! clients ask for.
//!
//! Clients are strict: Android needs the authority's key identifier in each
//! certificate, Chromium a serial number that is never reused, and both an IP
//! address among the alternative names if there is no host name. Certificates
//! with a lifetime of more than a few months are refused even under an
//! installed root.

use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber,
};
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use sha2::{Digest, Sha256};

use crate::{Error, clock::ClockReading, tls::leaf_cache::LeafCache};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The clocks of phones are wrong by hours, sometimes by a day.
const BEFORE: Duration = Duration::from_secs(2 * DAY.as_secs());
const LEAF_LIFE: Duration = Duration::from_secs(28 * DAY.as_secs());
/// How long before its end a leaf certificate is renewed: a client's clock may
/// be ahead of ours.
const RENEWED_BEFORE: Duration = Duration::from_secs(7 * DAY.as_secs());
const AUTHORITY_LIFE: Duration = Duration::from_secs(10 * 365 * DAY.as_secs());

/// Issues a certificate for every name that clients ask for.
pub struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    /// All certificates of a run share one key, so that a client can be
    /// configured to trust that key.
    leaf_key: KeyPair,
    leaves: Mutex<LeafCache>,
    provider: Arc<CryptoProvider>,
    /// One TLS configuration for each [`AlpnOffer`].
    servers: [ServerConfig; 4],
}

/// The application protocols offered to a client (RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlpnOffer {
    Both,
    Http2,
    Http1,
    /// No ALPN at all: the server chose no protocol either.
    Nothing,
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority(..)")
    }
}

impl CertificateAuthority {
    /// A new authority with this name; it exists only in memory.
    pub fn in_memory(name: &str) -> Result<Self, Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(Error::Authority)?;
        let params = authority_params(name)?;
        let certificate = params.self_signed(&key).map_err(Error::Authority)?.pem();
        Self::with(Issuer::new(params, key), certificate)
    }

    /// The authority from a certificate and a key that
    /// [`CertificateAuthority::to_pem`] returned.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, Error> {
        let key = KeyPair::from_pem(key).map_err(Error::Authority)?;
        let issuer = Issuer::from_ca_cert_pem(certificate, key).map_err(Error::Authority)?;
        Self::with(issuer, certificate.to_owned())
    }

    /// The certificate and the private key. The caller must store them so that
    /// only the user can read them.
    pub fn to_pem(&self) -> (String, String) {
        (self.certificate.clone(), self.issuer.key().serialize_pem())
    }

    /// The certificate that clients have to trust.
    pub fn cert_pem(&self) -> &str {
        &self.certificate
    }

    /// SHA-256 of the authority's certificate, in pairs of hex digits, as
    /// phones and browsers show it.
    pub fn fingerprint(&self) -> String {
        let der = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        // This code created or parsed the certificate before, so parsing it
        // cannot fail.
        let digest = der.map(|der| Sha256::digest(&der)).unwrap_or_default();
        digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    /// SHA-256 of the key that all certificates of this run share, in the form
    /// that Chromium's `--ignore-certificate-errors-spki-list` accepts.
    pub fn spki_sha256_base64(&self) -> String {
        STANDARD.encode(Sha256::digest(self.leaf_key.subject_public_key_info()))
    }

    /// The configuration of a TLS server that answers for this host.
    pub(crate) fn server(&self, host: &str, offer: AlpnOffer) -> Result<Arc<ServerConfig>, Error> {
        let mut server = self.servers[offer as usize].clone();
        server.cert_resolver = Arc::new(FixedCertificate(self.leaf(host)?));
        Ok(Arc::new(server))
    }

    fn with(issuer: Issuer<'static, KeyPair>, certificate: String) -> Result<Self, Error> {
        let leaf_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(Error::Authority)?;
        let provider = Arc::new(ring::default_provider());
        let plain = plain_server(&provider)?;
        let offering = |protocols: &[&[u8]]| {
            let mut server = plain.clone();
            server.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            server
        };
        let servers = [&[&b"h2"[..], b"http/1.1"][..], &[b"h2"], &[b"http/1.1"], &[]].map(offering);
        let leaves = Mutex::new(LeafCache::new());
        Ok(Self { issuer, certificate, leaf_key, leaves, provider, servers })
    }

    /// Makes the next handshake for this host use a new certificate: a client
    /// reported that the last one had expired.
    pub(crate) fn renew(&self, host: &str) {
        self.leaves().forget(&as_kept(host));
    }

    fn leaf(&self, host: &str) -> Result<Arc<CertifiedKey>, Error> {
        self.leaf_at(host, ClockReading::now())
    }

    fn leaf_at(&self, host: &str, now: ClockReading) -> Result<Arc<CertifiedKey>, Error> {
        let host = as_kept(host);
        let mut leaves = self.leaves();
        if let Some(leaf) = leaves.find(&host, now) {
            return Ok(leaf);
        }
        let leaf = Arc::new(self.make_leaf(&host, now)?);
        leaves.keep(host, Arc::clone(&leaf), now.wall + LEAF_LIFE - RENEWED_BEFORE);
        Ok(leaf)
    }

    fn leaves(&self) -> MutexGuard<'_, LeafCache> {
        self.leaves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make_leaf(&self, host: &str, now: ClockReading) -> Result<CertifiedKey, Error> {
        let params = leaf_params(host, now)?;
        let certificate = params.signed_by(&self.leaf_key, &self.issuer).map_err(Error::Authority)?;
        let key = PrivateKeyDer::try_from(self.leaf_key.serialize_der()).map_err(Error::Key)?;
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        CertifiedKey::from_der(chain, key, &self.provider).map_err(Error::Tls)
    }
}

/// The cache key for a host name: upper case and a trailing dot make no
/// difference.
fn as_kept(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

fn authority_params(name: &str) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(serial()?);
    lives(&mut params, ClockReading::now(), AUTHORITY_LIFE);
    Ok(params)
}

fn leaf_params(host: &str, now: ClockReading) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::default();
    // A common name has at most 64 characters (RFC 5280, upper bounds).
    params.distinguished_name = if host.len() <= 64 { named(host) } else { DistinguishedName::new() };
    params.subject_alt_names = vec![match host.parse::<IpAddr>() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) => SanType::DnsName(host.to_owned().try_into().map_err(Error::Authority)?),
    }];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.is_ca = IsCa::ExplicitNoCa;
    params.serial_number = Some(serial()?);
    lives(&mut params, now, LEAF_LIFE);
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn lives(params: &mut CertificateParams, now: ClockReading, life: Duration) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.wall.saturating_sub(BEFORE);
    params.not_after = epoch + now.wall + life;
}

/// 127 random bits: positive, and practically never repeated (RFC 5280
/// §4.1.2.2).
fn serial() -> Result<SerialNumber, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    bytes[0] &= 0x7f;
    Ok(SerialNumber::from_slice(&bytes))
}

fn plain_server(provider: &Arc<CryptoProvider>) -> Result<ServerConfig, Error> {
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(Error::Tls)?;
    let mut server = builder.with_no_client_auth().with_cert_resolver(Arc::new(NoCertificate));
    server.ticketer = ring::Ticketer::new().map_err(Error::Tls)?;
    Ok(server)
}

/// Uses one certificate for every server name, because the certificate was
/// chosen before.
#[derive(Debug)]
struct FixedCertificate(Arc<CertifiedKey>);

impl ResolvesServerCert for FixedCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A placeholder until [`CertificateAuthority::server`] sets a certificate.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesServerCert for NoCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use rustls::{RootCertStore, client::WebPkiServerVerifier, pki_types::UnixTime};

    use super::*;

    /// Whether a client that trusts the authority accepts the certificate.
    fn is_taken(authority: &CertificateAuthority, host: &str) -> bool {
        is_taken_at(authority, host, ClockReading::now())
    }

    /// The same as `is_taken`, with the client's and our clock set to `now`.
    fn is_taken_at(authority: &CertificateAuthority, host: &str, now: ClockReading) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.cert_pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::clone(&authority.provider);
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let leaf = authority.leaf_at(host, now).unwrap();
        let name = host.to_owned().try_into().unwrap();
        verifier.verify_server_cert(&leaf.cert[0], &[], &name, &[], UnixTime::since_unix_epoch(now.wall)).is_ok()
    }

    use rustls::client::danger::ServerCertVerifier as _;

    #[test]
    fn a_client_that_trusts_it_takes_names_and_addresses() {
        let authority = CertificateAuthority::in_memory("Candor test").unwrap();
        for host in ["a.example", "xn--nxasmq6b.example", "192.0.2.7", "2001:db8::1", "under_score.example"] {
            assert!(is_taken(&authority, host), "{host}");
        }
        assert!(is_taken(&authority, &format!("{}.{}.example", "a".repeat(60), "b".repeat(60))));
    }

    #[test]
    fn a_kept_authority_goes_on_as_the_same() {
        let before = CertificateAuthority::in_memory("Candor test").unwrap();
        let (certificate, key) = before.to_pem();
        let after = CertificateAuthority::from_pem(&certificate, &key).unwrap();
        assert_eq!(before.cert_pem(), after.cert_pem());
        assert!(is_taken(&after, "a.example"));
    }

    #[test]
    fn certificates_differ_by_serial_and_share_a_key() {
        let authority = CertificateAuthority::in_memory("Candor test").unwrap();
        let der = |host| authority.leaf(host).unwrap().cert[0].to_vec();
        assert_eq!(der("a.example"), der("A.example."));
        assert_ne!(der("a.example"), der("b.example"));
        assert_eq!(authority.spki_sha256_base64().len(), 44);
    }

    #[test]
    fn a_certificate_is_renewed_before_it_ends_however_long_we_run() {
        let (authority, start) = (CertificateAuthority::in_memory("Candor test").unwrap(), ClockReading::now());
        let mut seen = std::collections::BTreeSet::new();
        for day in 0..400 {
            let now = start.later(DAY * day);
            assert!(is_taken_at(&authority, "a.example", now), "day {day}");
            // A client whose clock is days ahead accepts it too.
            let leaf = authority.leaf_at("a.example", now).unwrap();
            seen.insert(leaf.cert[0].to_vec());
        }
        assert!((15..=25).contains(&seen.len()), "{} certificates in 400 days", seen.len());
    }

    #[test]
    fn a_clock_that_is_set_empties_the_cache() {
        let hours = |hours: i64| hours * 60 * 60;
        for (jump, is_anew) in [
            (hours(24 * 29), true),
            (hours(24 * 400), true),
            (hours(3), true),
            (-hours(3), true),
            (-hours(24 * 5), true),
            (-hours(24 * 400), true),
            (30, false),
            (-30, false),
        ] {
            let (authority, start) = (CertificateAuthority::in_memory("Candor test").unwrap(), ClockReading::now());
            let names = ["a.example", "b.example"];
            let before = names.map(|name| authority.leaf_at(name, start).unwrap());
            let after = start.later(Duration::from_secs(1)).set_by(jump);
            for (name, before) in names.iter().zip(&before) {
                assert_eq!(!Arc::ptr_eq(before, &authority.leaf_at(name, after).unwrap()), is_anew, "{jump}");
                // The authority itself was created by this test, so it is not
                // valid further back.
                assert!(!is_anew || jump < -hours(24) || is_taken_at(&authority, name, after), "{jump}");
            }
        }
    }

    #[test]
    fn small_corrections_of_the_clock_do_not_add_up_unnoticed() {
        let (authority, start) = (CertificateAuthority::in_memory("Candor test").unwrap(), ClockReading::now());
        let first = authority.leaf_at("a.example", start).unwrap();
        let last = (1..=10).map(|i| authority.leaf_at("a.example", start.set_by(-60 * i)).unwrap()).last();
        assert!(!Arc::ptr_eq(&first, &last.unwrap()));
    }

    #[test]
    fn a_certificate_that_a_client_calls_ended_is_made_anew() {
        let authority = CertificateAuthority::in_memory("Candor test").unwrap();
        let before = authority.leaf("a.example").unwrap();
        authority.renew("A.example.");
        assert!(!Arc::ptr_eq(&before, &authority.leaf("a.example").unwrap()));
    }

    #[test]
    fn a_name_that_is_none_is_an_error_and_not_a_panic() {
        let authority = CertificateAuthority::in_memory("Candor test").unwrap();
        assert!(authority.leaf("snowman-\u{2603}").is_err());
    }
}
