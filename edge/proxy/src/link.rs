//! One connection of a client: what is known of it, and how what happens on it
//! is written down.

use std::{net::SocketAddr, sync::Arc};

use model::{Body, Client, Exchange, Inlet, Message, Note, Request, Response, Seal, SealReason};

use crate::{
    Answer, Authority, Settings, Sink,
    clock::{self, Moment},
    place::{Place, Target},
    stop::Stop,
    wire::Counts,
};

/// What all connections of a proxy share.
pub(crate) struct Shared {
    pub(crate) authority: Arc<Authority>,
    pub(crate) answers: Arc<dyn Answer>,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) settings: Settings,
    pub(crate) stop: Stop,
}

#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) shared: Arc<Shared>,
    pub(crate) number: u64,
    pub(crate) inlet: Inlet,
    pub(crate) client: Client,
    pub(crate) counts: Arc<Counts>,
    /// Where a redirected connection was going.
    pub(crate) original: Option<SocketAddr>,
    pub(crate) opened: Moment,
}

impl Link {
    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// An exchange that begins now and has no answer yet.
    pub(crate) fn exchange(&self, began: Moment, request: Request) -> Exchange {
        Exchange {
            index: 0,
            trial: self.settings().trial,
            connection: self.number,
            started: began.began(),
            ended: None,
            inlet: self.inlet,
            client: self.client.clone(),
            request,
            response: None,
            messages: Vec::new(),
            seal: None,
        }
    }

    pub(crate) async fn record(&self, exchange: Exchange) {
        self.shared.sink.record(exchange).await;
    }

    /// Writes an exchange down as answered.
    pub(crate) async fn answered(&self, began: Moment, request: Request, response: Response, messages: Vec<Message>) {
        let open = self.exchange(began, request);
        self.record(Exchange { ended: Some(began.ended()), response: Some(response), messages, ..open }).await;
    }

    /// Writes an exchange down that never had its answer.
    pub(crate) async fn unanswered(&self, began: Moment, request: Request) {
        let open = self.exchange(began, request);
        self.record(Exchange { ended: Some(began.ended()), ..open }).await;
    }

    /// Writes down that this connection could not be read.
    pub(crate) async fn seal(&self, place: &Place, reason: SealReason, says: impl Into<String>) {
        let seal = Seal { reason, says: says.into(), sent: self.counts.sent(), received: self.counts.received() };
        let request = Request {
            method: "CONNECT".into(),
            url: format!("https://{}/", self.whereto(place).with_port()),
            version: String::new(),
            headers: Vec::new(),
            body: Body::default(),
        };
        let open = self.exchange(self.opened, request);
        self.record(Exchange { ended: Some(self.opened.ended()), seal: Some(seal), ..open }).await;
    }

    pub(crate) async fn note(&self, code: &str, says: impl Into<String>, count: u64) {
        let note = Note { trial: self.settings().trial, at: clock::now(), code: code.into(), says: says.into(), count };
        self.shared.sink.note(note).await;
    }

    /// Where the client wanted to go, as well as it is known: the name in its
    /// ClientHello, the one that an address stood for, the address.
    pub(crate) fn whereto(&self, place: &Place) -> Target {
        let known = place.target.clone().or_else(|| self.original.map(Target::from));
        let mut target = known.unwrap_or_else(|| Target { host: "unknown".into(), port: 0 });
        if let Some(name) = self.named(&target) {
            target.host = name;
        }
        target
    }

    fn named(&self, target: &Target) -> Option<String> {
        let address = target.host.parse().ok()?;
        let sni = self.client.hello.as_ref().and_then(|hello| hello.sni.clone());
        let name = sni.and_then(|sni| Target::read(&sni, 0)).map(|read| read.host);
        name.or_else(|| self.settings().addresses.as_ref()?.name_of(address))
    }
}
