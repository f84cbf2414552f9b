//! Counts for the summary at the end of a live command.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

use model::{AnsweredBy, Exchange, Note, NoteCode, SealReason};

/// Counts that need only bounded memory.
#[derive(Clone, Default)]
pub struct LiveCounts {
    exchanges: u64,
    failed: u64,
    hosts: HashSet<String>,
    sealed: BTreeMap<SealReason, SealedCounts>,
    notes: BTreeMap<NoteCode, u64>,
    /// HTTPS and SVCB questions, which were answered as empty.
    hints: u64,
}

#[derive(Clone, Default)]
struct SealedCounts {
    connections: u64,
    bytes: u64,
    hosts: BTreeMap<String, u64>,
}

/// Host names to count separately. A client that invents names without end must
/// not fill the memory.
const MOST_HOSTS: usize = 100_000;
/// Sealed hosts that the summary names.
const NAMED: usize = 8;

impl fmt::Debug for LiveCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveCounts").field("exchanges", &self.exchanges).finish_non_exhaustive()
    }
}

impl LiveCounts {
    pub fn exchange(&mut self, exchange: &Exchange) {
        let host = exchange.host();
        if self.hosts.len() < MOST_HOSTS && !self.hosts.contains(host) {
            self.hosts.insert(host.to_owned());
        }
        let Some(seal) = &exchange.seal else {
            self.exchanges += 1;
            self.failed += u64::from(exchange.response.as_ref().is_none_or(|answer| answer.by == AnsweredBy::Proxy));
            return;
        };
        let sealed = self.sealed.entry(seal.reason).or_default();
        sealed.connections += 1;
        sealed.bytes += seal.sent.saturating_add(seal.received);
        if sealed.hosts.len() < MOST_HOSTS || sealed.hosts.contains_key(host) {
            *sealed.hosts.entry(host.to_owned()).or_default() += 1;
        }
    }

    pub fn note(&mut self, note: &Note) {
        *self.notes.entry(note.code.clone()).or_default() += note.count;
        if note.dns_question().is_some_and(|(_, kind)| matches!(kind, "HTTPS" | "SVCB")) {
            self.hints += note.count;
        }
    }

    /// The number of exchanges that were read.
    pub fn exchanges(&self) -> u64 {
        self.exchanges
    }

    fn noted(&self, code: &NoteCode) -> u64 {
        self.notes.get(code).copied().unwrap_or_default()
    }
}

impl fmt::Display for LiveCounts {
    /// One fact a line. Zero counts are left out, except those of the first line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}, {}", many(self.exchanges, "exchange"), many(self.hosts.len() as u64, "host"))?;
        if self.failed > 0 {
            writeln!(f, "  {} of them without an answer of a server", self.failed)?;
        }
        for (reason, sealed) in &self.sealed {
            let (about, bytes) = (about(*reason), sealed.bytes);
            writeln!(f, "  sealed: {} {about}, {bytes} bytes", many(sealed.connections, "connection"))?;
            for (host, count) in sealed.hosts.iter().take(NAMED) {
                writeln!(f, "    {host} {count}")?;
            }
            if let Some(more) = sealed.hosts.len().checked_sub(NAMED).filter(|more| *more > 0) {
                writeln!(f, "    and {}", many(more as u64, "more host"))?;
            }
        }
        for (code, says) in WORTH_SAYING {
            let count = self.noted(&code);
            if count > 0 {
                writeln!(f, "  {count} {says}")?;
            }
        }
        if self.hints > 0 {
            writeln!(
                f,
                "  {} questions for HTTPS records answered as empty, so that HTTP/3 is not offered",
                self.hints
            )?;
        }
        Ok(())
    }
}

/// Notes that the summary counts.
const WORTH_SAYING: [(NoteCode, &str); 13] = [
    (NoteCode::QuicRefused, "packets of QUIC refused, so that clients fall back to what can be read"),
    (NoteCode::AltSvcRemoved, "servers offered HTTP/3 (alt-svc), which was taken out"),
    (NoteCode::PacketsRefused, "packets refused that were neither TCP nor DNS"),
    (NoteCode::PacketsUnread, "packets passed by unread: neither TCP nor DNS"),
    (NoteCode::Bypassed, "connections came past the proxy"),
    (NoteCode::ConnectionsRefused, "connections refused: more than are taken at once"),
    (NoteCode::Unpaired, "connections of devices that are not paired were turned away"),
    (NoteCode::OwnAddressRefused, "requests for Candor's own pages refused"),
    (NoteCode::CutRequest, "requests cut off before they could be read"),
    (NoteCode::ClosedAfterHandshake, "connections closed after the TLS handshake without a word"),
    (NoteCode::Http2BrokenRequests, "requests in HTTP/2 that broke off or broke its rules"),
    (NoteCode::SocksUdpRefused, "requests to carry UDP over SOCKS refused"),
    (NoteCode::Unreachable, "connections whose server could not be reached"),
];

fn about(reason: SealReason) -> &'static str {
    match reason {
        SealReason::Refused => "whose client refused our certificate",
        SealReason::UnknownProtocol => "that spoke neither HTTP nor TLS, or broke its rules",
        SealReason::Quic => "of QUIC",
        SealReason::Tunnelled => "passed through untouched",
    }
}

fn many(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
