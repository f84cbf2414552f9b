//! TLS 1.2 and 1.3 out of a capture, with secrets that were logged.
//!
//! Nothing is guessed: a record counts as opened only if its tag (or MAC) is
//! right. What no secret opens is counted, with the name the client asked for.

pub(super) mod cipher;

pub(super) mod hello;

pub(super) mod kdf;

mod records;

pub(super) mod suites;

use self::{
    cipher::RecordKey,
    hello::{ClientHello, ServerHello},
    records::{TlsRecord, TlsRecords},
    suites::CipherSuite,
};
use super::{
    byte_stream::ByteStream,
    key_log::{KeyLog, SecretLabel},
};

/// What was in a connection of TLS.
pub(super) struct Decrypted {
    pub(super) hello: Option<ClientHello>,
    pub(super) client: ByteStream,
    pub(super) server: ByteStream,
    /// Why nothing of it, or not all of it, was opened.
    pub(super) closed: Option<String>,
    /// Encrypted bytes that nothing opened, each way.
    pub(super) sealed: (u64, u64),
}

pub(super) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [20..=23, 3, 0..=4, ..])
}

const CONTENT_CHANGE: u8 = 20;
const CONTENT_ALERT: u8 = 21;
const CONTENT_HANDSHAKE: u8 = 22;
const CONTENT_DATA: u8 = 23;

/// Opens what can be opened of both directions.
pub(super) fn decrypt(client: &ByteStream, server: &ByteStream, keys: &KeyLog) -> Decrypted {
    let hello = hello::client(client);
    let mut out = Decrypted {
        hello: None,
        client: ByteStream::default(),
        server: ByteStream::default(),
        closed: None,
        sealed: (0, 0),
    };
    let Some(hello) = hello else {
        out.closed = Some("the capture does not have the beginning of this connection".into());
        out.sealed = (client.bytes.len() as u64, server.bytes.len() as u64);
        return out;
    };
    let both = match hello::server(server) {
        None => Err("the capture does not have the server's side of the handshake".to_owned()),
        Some(answer) => keys_of(&hello, &answer, keys),
    };
    out.hello = Some(hello);
    match both {
        Err(says) => {
            out.closed = Some(says);
            out.sealed = (ciphertext(client), ciphertext(server));
        }
        Ok((client_keys, server_keys)) => {
            let (of_client, of_server) = (open(client, client_keys), open(server, server_keys));
            out.sealed = (of_client.sealed, of_server.sealed);
            if out.sealed != (0, 0) {
                out.closed = Some("the secrets that the capture has do not open this".into());
            }
            (out.client, out.server) = (of_client.plain, of_server.plain);
        }
    }
    out
}

/// Bytes of records that hold something encrypted.
fn ciphertext(stream: &ByteStream) -> u64 {
    TlsRecords::new(&stream.bytes)
        .filter(|record| record.content == CONTENT_DATA)
        .map(|record| record.body.len() as u64)
        .sum()
}

/// The keys that a direction goes through, in order.
enum KeySchedule {
    /// From the change of cipher on.
    Tls12(RecordKey),
    /// Early data, handshake, application data; those without a secret are left out.
    Tls13(Vec<RecordKey>),
}

fn keys_of(hello: &ClientHello, answer: &ServerHello, keys: &KeyLog) -> Result<(KeySchedule, KeySchedule), String> {
    let Some(suite) = suites::find(answer.suite) else {
        return Err(format!("its cipher suite, {:04x}, is not read", answer.suite));
    };
    if answer.version < 0x0303 {
        return Err("it is TLS 1.1 or older, which is not read".into());
    }
    let secret = |label| keys.secret(label, &hello.random);
    if answer.version == 0x0304 {
        let direction = |labels: &[SecretLabel]| {
            let keys = labels.iter().filter_map(|label| RecordKey::tls13(&suite, secret(*label)?));
            KeySchedule::Tls13(keys.collect())
        };
        if secret(SecretLabel::ClientTraffic).is_none() && secret(SecretLabel::ServerTraffic).is_none() {
            return Err(NO_SECRET.into());
        }
        return Ok((
            direction(&[SecretLabel::ClientEarly, SecretLabel::ClientHandshake, SecretLabel::ClientTraffic]),
            direction(&[SecretLabel::ServerHandshake, SecretLabel::ServerTraffic]),
        ));
    }
    let master = secret(SecretLabel::ClientRandom).ok_or(NO_SECRET)?;
    let (client, server) =
        RecordKey::tls12(&suite, master, hello, answer).ok_or("its cipher suite is not one of its version")?;
    Ok((KeySchedule::Tls12(client), KeySchedule::Tls12(server)))
}

const NO_SECRET: &str = "the capture has no secret for this connection of TLS";

struct OpenedHalf {
    plain: ByteStream,
    sealed: u64,
}

impl OpenedHalf {
    fn of(stream: &ByteStream) -> Self {
        let mut plain = ByteStream::default();
        plain.missing = stream.missing + TlsRecords::left_over(&stream.bytes);
        Self { plain, sealed: 0 }
    }
}

fn open(stream: &ByteStream, schedule: KeySchedule) -> OpenedHalf {
    match schedule {
        KeySchedule::Tls12(key) => open12(stream, key),
        KeySchedule::Tls13(keys) => open13(stream, keys),
    }
}

fn open12(stream: &ByteStream, mut key: RecordKey) -> OpenedHalf {
    let mut half = OpenedHalf::of(stream);
    let (mut changes, mut failed) = (0, false);
    for record in TlsRecords::new(&stream.bytes) {
        if record.content == CONTENT_CHANGE {
            // After a second change the keys are others (renegotiation).
            changes += 1;
            continue;
        }
        if changes == 0 {
            continue;
        }
        let plain = if changes == 1 && !failed { key.open12(&record) } else { None };
        match plain {
            Some(plain) if record.content == CONTENT_DATA => half.plain.push(&plain, stream.time_at(record.offset)),
            Some(_) => {}
            None => {
                failed = true;
                half.sealed += record.body.len() as u64;
            }
        }
    }
    half
}

fn open13(stream: &ByteStream, mut keys: Vec<RecordKey>) -> OpenedHalf {
    let mut half = OpenedHalf::of(stream);
    let (mut opened_any, mut lost, mut at) = (false, false, 0);
    for record in TlsRecords::new(&stream.bytes).filter(|record| record.content == CONTENT_DATA) {
        let candidates = if lost { keys.len()..keys.len() } else { at..keys.len() };
        let found = candidates.into_iter().find_map(|index| Some((index, keys[index].open13(&record)?)));
        let Some((index, (content, plain))) = found else {
            half.sealed += record.body.len() as u64;
            // Before the first that opens: early data whose secret is not there.
            lost = opened_any;
            continue;
        };
        (opened_any, at) = (true, index);
        match content {
            CONTENT_DATA => half.plain.push(&plain, stream.time_at(record.offset)),
            // Key update (RFC 8446 §4.6.3).
            CONTENT_HANDSHAKE if plain.first() == Some(&24) => keys[at].update(),
            CONTENT_HANDSHAKE | CONTENT_ALERT => {}
            _ => {}
        }
    }
    half
}

/// A record before its keys: what it is, without its bytes.
fn additional13(record: &TlsRecord<'_>) -> [u8; 5] {
    let length = (record.body.len() as u16).to_be_bytes();
    [record.content, record.version.0, record.version.1, length[0], length[1]]
}
