//! Decrypts a client's TLS with a certificate of our own.
//!
//! The ClientHello is parsed before rustls gets it. A client that rejects our
//! certificate is recorded as such: it pins its server's certificate, or does
//! not trust our authority.

use std::{io, sync::Arc};

use model::{Body, NoteCode, Seal, SealReason};
use rustls::{AlertDescription, Error as TlsError};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::{
    ForwardMode,
    exchange::connection_context::ConnectionContext,
    exchange::target::{ConnectionTarget, HostPort},
    inbound::splice,
    inbound::stream::BufferedStream,
    tls::certificate_authority::AlpnOffer,
    tls::client_hello::{self, HelloPeek},
    tls::pinning::HandshakeEnd,
    upstream::connector::EncryptedStream,
    upstream::peer::{ServerConnection, UpstreamPeer},
};

/// The result of a client's TLS handshake.
pub(crate) enum TlsOutcome {
    /// The handshake succeeded; the stream gives the decrypted bytes.
    Inner(BufferedStream),
    /// The connection was not decrypted, and that is recorded.
    Sealed,
}

/// Decrypts a connection whose first bytes are a TLS record. It connects to the
/// server first, so that the client is offered the protocol that the server
/// speaks.
pub(crate) async fn open(
    mut conn: BufferedStream,
    link: &mut ConnectionContext,
    place: &mut ConnectionTarget,
    behind: &mut UpstreamPeer,
) -> TlsOutcome {
    let message = match read_hello(&mut conn, link).await {
        Ok(message) => message,
        Err(says) => {
            let said = Body::whole(&conn.ahead[..]);
            link.seal_with(place, SealReason::UnknownProtocol, says, said).await;
            return TlsOutcome::Sealed;
        }
    };
    let hello = client_hello::read(message);
    let name = server_name(hello.sni.as_deref(), link, place);
    let offered = hello.alpn.clone();
    Arc::make_mut(&mut link.client).hello = Some(hello);
    if link.shared.is_home(&name) || link.shared.owns(&link.whereto(place).host) {
        *behind = UpstreamPeer::Us;
    }
    if let UpstreamPeer::Server(server) = behind
        && let Err(trouble) = server.dial_as(link, place, &name).await
    {
        server.trouble = Some(trouble);
    }
    if let Some((server, says)) = to_be_left(link, behind, &name) {
        // The server name in the ClientHello is only the client's claim if the
        // connection is passed through, so a lookup must confirm it.
        let place = if place.is_bare_address() { &link.named(place.clone(), name).await } else { place };
        splice::untouched(conn, server, link, place, SealReason::Tunnelled, says).await;
        return TlsOutcome::Sealed;
    }
    let offer = offer_of_the_server(link, place, behind, &name, &offered).await;
    let server = match link.shared.authority.server(&name, offer) {
        Ok(server) => server,
        Err(_) => return sealed(link, place, SealReason::UnknownProtocol, "TLS for a name that is none").await,
    };
    let handshake = TlsAcceptor::from(server).accept(conn);
    match timeout(link.settings().head_time, handshake).await {
        Ok(Ok(stream)) => {
            if let Some(egress) = &link.shared.egress {
                egress.pins.taken(&name, &link.client);
            }
            place.encrypted = true;
            TlsOutcome::Inner(BufferedStream::tls(stream))
        }
        // The connection ended because the proxy stops; the client refused
        // nothing.
        Ok(Err(error)) if tls_error(&error).is_none() && link.shared.stop.is_ending() => {
            link.note(NoteCode::CutHandshake, link.whereto(place).with_port(), 1).await;
            TlsOutcome::Sealed
        }
        Ok(Err(error)) => {
            let (reason, says) = refusal(&error);
            tracing::warn!(
                trial = link.settings().trial,
                connection = link.number,
                says,
                "a client ended the TLS handshake"
            );
            refused(link, &name, reason, &error);
            sealed(link, place, reason, says).await
        }
        Err(_) => {
            let says = "a TLS handshake that did not come to its end";
            sealed(link, place, SealReason::UnknownProtocol, says).await
        }
    }
}

async fn sealed(
    link: &ConnectionContext,
    place: &ConnectionTarget,
    reason: SealReason,
    says: impl Into<String>,
) -> TlsOutcome {
    link.seal(place, reason, says).await;
    TlsOutcome::Sealed
}

/// Remembers a host whose clients reject our certificate. An expired
/// certificate does not count, because it is our error or that of the client's
/// clock: the next client gets a new certificate.
pub(crate) fn refused(link: &ConnectionContext, name: &str, reason: SealReason, error: &io::Error) {
    if is_about_time(error) {
        return link.shared.authority.renew(name);
    }
    if let (SealReason::Refused, Some(egress)) = (reason, &link.shared.egress) {
        let ended = if tls_error(error).is_some() { HandshakeEnd::Alert } else { HandshakeEnd::HungUp };
        egress.pins.refused(name, &link.client, ended);
    }
}

/// The server's connection, if this connection is to be passed through
/// encrypted, and the reason.
fn to_be_left(
    link: &ConnectionContext,
    behind: &mut UpstreamPeer,
    name: &str,
) -> Option<(BufferedStream, &'static str)> {
    let UpstreamPeer::Server(server) = behind else { return None };
    let says = match &link.settings().onward {
        ForwardMode::Untouched(_) => "passed through untouched, as was asked",
        _ if server.egress.is_pinned(name, &link.client) => {
            "passed through untouched: clients refuse our certificate for this host"
        }
        _ => return None,
    };
    server.reached.take().map(|reached| (reached.conn, says))
}

/// Opens TLS to the server, and returns the protocols to offer to the client.
/// If that fails, the client gets the error as the response to its first
/// request.
async fn offer_of_the_server(
    link: &ConnectionContext,
    place: &mut ConnectionTarget,
    behind: &mut UpstreamPeer,
    name: &str,
    offered: &[String],
) -> AlpnOffer {
    if place.target.is_none() {
        // The client speaks TLS to us as its proxy: over HTTP/2 each tunnel is
        // a stream.
        return AlpnOffer::Both;
    }
    let UpstreamPeer::Server(server) = behind else { return AlpnOffer::Both };
    let Some(reached) = server.reached.take() else {
        return if server.trouble.is_some() { AlpnOffer::Both } else { AlpnOffer::Http1 };
    };
    match server.egress.encrypt(reached.conn, name, offered).await {
        Ok(EncryptedStream { conn, protocol, certificate }) => {
            let target = link.destination(place);
            server.reached = Some(ServerConnection { conn, target, encrypted: true });
            if certificate.is_some() && place.is_bare_address() {
                place.name = Some(name.to_owned());
            }
            place.certificate = certificate;
            match protocol.as_deref() {
                Some(b"h2") => AlpnOffer::Http2,
                Some(_) => AlpnOffer::Http1,
                None => AlpnOffer::Nothing,
            }
        }
        Err(trouble) => {
            server.trouble = Some(trouble);
            AlpnOffer::Both
        }
    }
}

async fn read_hello(conn: &mut BufferedStream, link: &ConnectionContext) -> Result<Vec<u8>, &'static str> {
    let reading = async {
        loop {
            match client_hello::peek(&conn.ahead) {
                HelloPeek::Whole(message) => return Ok(message),
                HelloPeek::Other => return Err("looks like TLS and does not begin with a ClientHello"),
                HelloPeek::Partial => {}
            }
            match conn.fill().await {
                Ok(0) | Err(_) => return Err("the connection ended inside the ClientHello"),
                Ok(_) => {}
            }
        }
    };
    timeout(link.settings().head_time, reading).await.unwrap_or(Err("a ClientHello that did not come to its end"))
}

/// The host name for the certificate: the server name that the client asks for,
/// or the host of its destination.
fn server_name(sni: Option<&str>, link: &ConnectionContext, place: &ConnectionTarget) -> String {
    let asked = sni.and_then(|sni| HostPort::read(sni, 443)).map(|target| target.host);
    let going = || place.target.clone().or_else(|| link.original.or(link.here).map(HostPort::from));
    asked.or_else(|| going().map(|target| target.host)).unwrap_or_else(|| "localhost".into())
}

/// The reason of a failed handshake, for the record.
pub(crate) fn refusal(error: &io::Error) -> (SealReason, String) {
    match tls_error(error) {
        Some(TlsError::AlertReceived(AlertDescription::CertificateExpired)) => {
            (SealReason::Refused, "our certificate is over by the client's clock: alert certificate_expired".into())
        }
        Some(TlsError::AlertReceived(alert)) => match about_the_certificate(*alert) {
            true => (SealReason::Refused, format!("refused our certificate: alert {}", alert_name(*alert))),
            false => (SealReason::UnknownProtocol, format!("TLS ended by the client: alert {}", alert_name(*alert))),
        },
        Some(other) => (SealReason::UnknownProtocol, format!("TLS that could not be negotiated: {}", kind(other))),
        // An invalid ClientHello fails with a TLS error, so the client hung up
        // after it got our certificate.
        None => (SealReason::Refused, Seal::HUNG_UP.into()),
    }
}

/// The alert with which a client rejected our certificate after the handshake.
pub(crate) fn late_refusal(error: &io::Error) -> Option<(SealReason, String)> {
    match tls_error(error) {
        Some(TlsError::AlertReceived(alert)) if about_the_certificate(*alert) => Some(refusal(error)),
        _ => None,
    }
}

fn tls_error(error: &io::Error) -> Option<&TlsError> {
    error.get_ref()?.downcast_ref()
}

/// Alerts by which clients reject a certificate (RFC 8446 §6.2).
fn about_the_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::InternalError
            | AlertDescription::BadCertificateStatusResponse
    )
}

/// Whether the client says that our certificate has expired by its clock.
fn is_about_time(error: &io::Error) -> bool {
    matches!(tls_error(error), Some(TlsError::AlertReceived(AlertDescription::CertificateExpired)))
}

/// The alert's name in RFC 8446 §6, for the common ones.
fn alert_name(alert: AlertDescription) -> String {
    let words = match alert {
        AlertDescription::BadCertificate => "bad_certificate",
        AlertDescription::UnsupportedCertificate => "unsupported_certificate",
        AlertDescription::CertificateRevoked => "certificate_revoked",
        AlertDescription::CertificateExpired => "certificate_expired",
        AlertDescription::CertificateUnknown => "certificate_unknown",
        AlertDescription::IllegalParameter => "illegal_parameter",
        AlertDescription::UnknownCA => "unknown_ca",
        AlertDescription::AccessDenied => "access_denied",
        AlertDescription::DecryptError => "decrypt_error",
        AlertDescription::HandshakeFailure => "handshake_failure",
        AlertDescription::ProtocolVersion => "protocol_version",
        AlertDescription::InternalError => "internal_error",
        AlertDescription::UserCanceled => "user_canceled",
        AlertDescription::CloseNotify => "close_notify",
        other => return format!("{}", u8::from(other)),
    };
    words.into()
}

/// The kind of a rustls error, without any bytes from the client.
fn kind(error: &TlsError) -> &'static str {
    match error {
        TlsError::PeerIncompatible(_) => "no version, cipher or group in common",
        TlsError::PeerMisbehaved(rustls::PeerMisbehaved::ServerNameMustContainOneHostName) => {
            "the name in its ClientHello is none"
        }
        TlsError::PeerMisbehaved(_) => "the client broke the protocol",
        TlsError::InvalidMessage(_) | TlsError::InappropriateHandshakeMessage { .. } => "a message that is none",
        TlsError::DecryptError => "bytes that could not be decrypted",
        _ => "the handshake failed",
    }
}
