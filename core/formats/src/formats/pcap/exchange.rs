//! What a connection gives: exchanges, and what is wrong with them.

use std::sync::Arc;

use model::{
    Body, Client, Exchange, Gap, GapReason, Header, IngressKind, LayerPlace, Message, Request, Response, Seal,
    SealReason, Time, Trail,
};

/// A connection, as far as its packets say.
#[derive(Clone)]
pub(in crate::formats) struct ConnectionFacts {
    pub(in crate::formats) number: u64,
    pub(in crate::formats) client: Arc<Client>,
    /// The server's name or address, without brackets.
    pub(in crate::formats) host: String,
    pub(in crate::formats) port: u16,
    /// The name in its ClientHello.
    pub(in crate::formats) name: Option<String>,
    pub(in crate::formats) is_tls: bool,
}

/// What was made of connections.
#[derive(Default)]
pub(in crate::formats) struct Outcome {
    pub(in crate::formats) exchanges: Vec<(Exchange, Vec<Gap>)>,
    /// Of the capture itself.
    pub(in crate::formats) gaps: Vec<Gap>,
}

impl Outcome {
    pub(in crate::formats) fn push(&mut self, exchange: Exchange) {
        self.exchanges.push((exchange, Vec::new()));
    }

    pub(in crate::formats) fn gap(&mut self, why: GapReason, says: impl Into<String>) {
        self.gaps.push(crate::piece::gap(None, why, says));
    }

    /// A gap of the exchange that came last, or of the capture if there is none.
    pub(in crate::formats) fn gap_of_last(&mut self, layer: &'static str, why: GapReason, says: impl Into<String>) {
        let place = Trail::default().then(layer, LayerPlace::Whole);
        match self.exchanges.last_mut() {
            Some((exchange, gaps)) => {
                gaps.push(Gap { exchange: Some(exchange.index), place, why, says: says.into() });
            }
            None => self.gap(why, says),
        }
    }
}

impl ConnectionFacts {
    /// The name in the ClientHello, or the server's name or address, bracketed if need be.
    pub(in crate::formats) fn server(&self) -> String {
        let host = self.name.as_deref().unwrap_or(&self.host);
        if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
    }

    /// Server and port, the port left out if it is that of the scheme.
    pub(in crate::formats) fn authority(&self, scheme: &str) -> String {
        match (scheme, self.port) {
            ("https" | "wss", 443) | ("http" | "ws", 80) => self.server(),
            (_, port) => format!("{}:{port}", self.server()),
        }
    }

    pub(in crate::formats) fn scheme(&self) -> &'static str {
        if self.is_tls { "https" } else { "http" }
    }

    /// The absolute address of a target (RFC 9112 §3.2).
    pub(in crate::formats) fn url(&self, target: &str, claimed: Option<&[u8]>) -> String {
        if target.contains("://") {
            return target.to_owned();
        }
        let scheme = self.scheme();
        let claimed = claimed.and_then(|host| std::str::from_utf8(host).ok()).map(str::trim);
        let fits = |host: &&str| {
            let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]%".contains(&byte);
            !host.is_empty() && host.bytes().all(is_host)
        };
        let authority = match claimed.filter(fits) {
            Some(host) => host.strip_suffix(if self.is_tls { ":443" } else { ":80" }).unwrap_or(host).to_owned(),
            None => self.authority(scheme),
        };
        let slash = if target.starts_with('/') { "" } else { "/" };
        format!("{scheme}://{authority}{slash}{target}")
    }

    pub(in crate::formats) fn exchange(&self, started: Time, request: Request) -> Exchange {
        Exchange {
            index: 0,
            trial: None,
            connection: self.number,
            started,
            ended: None,
            inlet: IngressKind::Imported,
            client: self.client.clone(),
            request,
            response: None,
            messages: Vec::new(),
            seal: None,
        }
    }

    /// A connection that is not read.
    pub(in crate::formats) fn sealed(
        &self,
        started: Time,
        reason: SealReason,
        says: String,
        sent: u64,
        received: u64,
    ) -> Exchange {
        let request = bare("CONNECT", format!("https://{}/", self.authority("https")));
        Exchange { seal: Some(Seal { reason, says, sent, received }), ..self.exchange(started, request) }
    }

    /// Bytes of no protocol that is known, as messages.
    pub(in crate::formats) fn bytes(&self, scheme: &str, messages: Vec<Message>) -> Exchange {
        let request = bare(&scheme.to_ascii_uppercase(), format!("{scheme}://{}:{}/", self.server(), self.port));
        let (first, last) = (messages.first().map(|message| message.at), messages.last().map(|message| message.at));
        Exchange { messages, ended: last, ..self.exchange(first.unwrap_or_default(), request) }
    }
}

pub(in crate::formats) fn bare(method: &str, url: String) -> Request {
    Request { method: method.to_owned(), url, version: String::new(), headers: Vec::new(), body: Body::default() }
}

pub(in crate::formats) fn answer(status: u16, version: String, headers: Vec<Header>, body: Body) -> Response {
    Response { status, version, headers, body, by: model::AnsweredBy::Capture }
}
