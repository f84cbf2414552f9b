//! Inspects exchanges like the guard, but stops nothing: for the live view of a
//! capture.
//!
//! It searches for recently visited addresses in requests to other parties, and
//! shows connections that cannot be read. An exchange arrives when it has
//! ended, so a request that ended before its page may be missed here; the
//! evidence contains it.

use std::sync::Arc;

use guard::{
    Choices, ClientIdentity, GuardAction, GuardClient, GuardTime, InspectionNeed, RequestContext, RequestScan, decide,
    destination,
};
use knowledge::Knowledge;
use model::{Exchange, Mode};

use crate::{
    ActivityFeed, GuardEvent,
    clients::{ClientTable, lock},
    clock,
    guard_gate::{device_at, makers_of},
};

/// Inspects exchanges and shows the findings.
#[derive(Debug)]
pub struct AnswerWatcher {
    knowledge: Arc<Knowledge>,
    clients: ClientTable,
    board: Arc<ActivityFeed>,
    choices: Choices,
}

impl AnswerWatcher {
    /// A watcher that shows its findings on this feed.
    pub fn new(knowledge: Arc<Knowledge>, board: Arc<ActivityFeed>) -> Self {
        let (nothing_entered, _) = guard::EnteredValues::new(&knowledge, []);
        let clients = ClientTable::new(Arc::clone(&knowledge), nothing_entered);
        Self { knowledge, clients, board, choices: Choices::default() }
    }

    /// Inspects an exchange that has ended.
    pub fn look(&self, exchange: &Exchange) {
        let (who, now) = (self.who(exchange), clock::now());
        self.board.seen(&who.device, who.mode);
        let client = self.clients.of(&who);
        let mut client = lock(&client);
        if exchange.seal.is_none() {
            client.began(exchange, now);
        }
        let aim = destination(&self.knowledge, exchange);
        let asking = RequestContext { who: &who, exchange, aim: &aim, whole: true, waited: u64::MAX };
        if client.wanted(&asking, &self.choices, now) == InspectionNeed::Body {
            let looked = if exchange.seal.is_some() { RequestScan::default() } else { client.look(exchange) };
            let mut decision = decide(&asking, &looked, &client, &self.choices, now);
            // A watcher stops nothing, so every request has passed.
            decision.verdict = GuardAction::Pass;
            if decision.reason.is_shown() {
                self.board.add(GuardEvent::new(exchange.started, &who, &aim, exchange, &decision));
            }
        }
        read(&mut client, exchange, now);
    }

    fn who(&self, exchange: &Exchange) -> ClientIdentity {
        let mut who = ClientIdentity::new(device_at(exchange), Mode::Unknown);
        who.program = exchange.client.process.as_ref().map(|process| process.name.clone());
        if let Some(name) = &who.program {
            who.makers.extend(makers_of(&self.knowledge, name));
        }
        who
    }
}

/// Reads the response to a page: from now on the hosts in it belong to the
/// page.
fn read(client: &mut GuardClient, exchange: &Exchange, now: GuardTime) {
    let Some(answer) = &exchange.response else { return };
    if let Some(number) = client.answering(exchange, answer, now) {
        client.answer(number, &answer.body.bytes);
        client.answered(number);
    }
}

#[cfg(test)]
mod tests {
    use model::{Body, Header, IngressKind, Request, Response, Time};

    use super::*;

    fn exchange(method: &str, url: &str, headers: &[(&str, &str)], body: &str, page: Option<&str>) -> Exchange {
        let headers = headers.iter().map(|(name, value)| Header::new(*name, *value)).collect();
        let bytes = |text: &str| Body { bytes: text.as_bytes().into(), cut_from: None };
        let request =
            Request { method: method.into(), url: url.into(), version: "HTTP/1.1".into(), headers, body: bytes(body) };
        Exchange {
            index: 0,
            trial: None,
            connection: 0,
            started: Time(1),
            ended: None,
            inlet: IngressKind::Proxy,
            client: Arc::new(model::Client { address: Some("192.168.1.20:4711".into()), ..model::Client::default() }),
            request,
            response: page.map(|page| Response {
                status: 200,
                version: "HTTP/1.1".into(),
                headers: vec![Header::new("Content-Type", "text/html")],
                body: bytes(page),
                by: model::AnsweredBy::Upstream,
            }),
            messages: vec![],
            seal: None,
        }
    }

    #[test]
    fn what_was_visited_and_told_to_another_is_shown_and_nothing_was_stopped() {
        let board = Arc::new(ActivityFeed::default());
        let watcher = AnswerWatcher::new(Arc::new(Knowledge::built_in()), Arc::clone(&board));
        let page = "https://www.qwtzuplkjhbn.de/rash-on-left-hand";
        let document = [("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Mode", "navigate")];
        watcher.look(&exchange("GET", page, &document, "", Some("<p>hello")));
        assert!(board.events().is_empty(), "a site may know that it is visited");
        let report = format!("u={page}");
        watcher.look(&exchange("POST", "https://sa.api.intl.miui.com/sa", &[], &report, None));
        let events = board.events();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].verdict, events[0].device.as_str()), (GuardAction::Pass, "192.168.1.20"));
        assert!(events[0].kinds.contains(&"visited-url".to_owned()), "{:?}", events[0].kinds);
        assert_eq!(events[0].found[0].value.as_deref(), Some(page));
    }
}
