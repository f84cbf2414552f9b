//! Connections that a client abandoned and opened again.
//!
//! Chromium connects to its first hosts while its network is still being set up. It drops these
//! connections during the handshake, and opens them again a moment later or in another trial. Such
//! a connection ended after its ClientHello: it carried no data, and it was no refusal, because the
//! same client accepted our certificate for the same host on another connection.

use std::collections::BTreeSet;

use model::{Exchange, Note, NoteCode, Seal};

use crate::auditor::{Auditor, RetainedExchange};

/// Removes these connections from the exchanges and the gaps, before exchanges are counted. One
/// note for each trial and host remains.
pub(crate) fn set_apart(auditor: &mut Auditor<'_>) {
    // Positions of exchanges are unique only within a capture.
    let given_up: BTreeSet<(usize, u64)> = {
        let kept = &auditor.kept;
        let mut taken: BTreeSet<AcceptedCertificates<'_>> = BTreeSet::new();
        taken.extend(kept.iter().filter_map(AcceptedCertificates::of));
        let came_again =
            |dropped: &RetainedExchange| AcceptedCertificates::by(dropped).is_some_and(|by| taken.contains(&by));
        let dropped =
            kept.iter().filter(|kept| hung_up(&kept.exchange) && kept.sightings.is_empty() && came_again(kept));
        dropped.map(|kept| (kept.capture, kept.exchange.index)).collect()
    };
    if given_up.is_empty() {
        return;
    }
    let (apart, kept): (Vec<RetainedExchange>, Vec<RetainedExchange>) = std::mem::take(&mut auditor.kept)
        .into_iter()
        .partition(|kept| given_up.contains(&(kept.capture, kept.exchange.index)));
    auditor.kept = kept;
    auditor.gaps.retain(|(capture, gap)| gap.exchange.is_none_or(|index| !given_up.contains(&(*capture, index))));
    apart.iter().for_each(|kept| note(&mut auditor.notes, &kept.exchange));
}

fn note(notes: &mut Vec<Note>, exchange: &Exchange) {
    let (trial, host) = (exchange.trial, exchange.host());
    let is_known = |note: &&mut Note| note.code == NoteCode::GivenUp && note.trial == trial && note.says == host;
    match notes.iter_mut().find(is_known) {
        Some(known) => known.count += 1,
        None => {
            let (at, says) = (exchange.started, host.to_owned());
            notes.push(Note { trial, at, code: NoteCode::GivenUp, says, count: 1 });
        }
    }
}

/// Whether the client closed the connection without an alert. An alert would be an explicit
/// refusal.
fn hung_up(exchange: &Exchange) -> bool {
    exchange.seal.as_ref().is_some_and(Seal::is_hung_up)
}

/// A client that accepted our certificate for a host, in a capture.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct AcceptedCertificates<'k> {
    capture: usize,
    host: &'k str,
    client: (&'k str, &'k str),
}

impl<'k> AcceptedCertificates<'k> {
    /// The entry for a readable TLS connection; none for others.
    fn of(kept: &'k RetainedExchange) -> Option<Self> {
        let read = kept.exchange.seal.is_none() && kept.exchange.request.url.starts_with("https:");
        if read { Self::by(kept) } else { None }
    }

    fn by(kept: &'k RetainedExchange) -> Option<Self> {
        Some(Self { capture: kept.capture, host: kept.exchange.host(), client: client_of(&kept.exchange)? })
    }
}

fn client_of(exchange: &Exchange) -> Option<(&str, &str)> {
    exchange.client.hello.as_ref()?.stack()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use knowledge::Knowledge;
    use model::{Client, ClientHello, IngressKind, Record, Request, Run, SealReason, Time, Trial};

    use super::*;
    use crate::{Audit, AuditOptions};

    const CHROMIUM: &str = "t13d1516h2_8daaf6152771_d8a2da3f94cd";
    const RESUMED: &str = "t13d1517h2_8daaf6152771_b6f405a00624";
    const HELPER: &str = "t13d0912h1_aaaaaaaaaaaa_d8a2da3f94cd";

    fn exchange(connection: u64, ja4: &str, url: &str) -> Exchange {
        let hello = ClientHello { raw: Arc::from([]), ja4: ja4.into(), sni: None, alpn: vec![] };
        Exchange {
            index: connection,
            trial: Some(1),
            connection,
            started: Time(connection as i64),
            ended: None,
            inlet: IngressKind::Proxy,
            client: Arc::new(Client { hello: Some(hello), ..Client::default() }),
            request: Request {
                method: "GET".into(),
                url: url.into(),
                version: "HTTP/2".into(),
                headers: vec![],
                body: model::Body::default(),
            },
            response: None,
            messages: vec![],
            seal: None,
        }
    }

    fn dropped(connection: u64, says: &str) -> Exchange {
        let seal = Seal { reason: SealReason::Refused, says: says.into(), sent: 2_000, received: 800 };
        Exchange { seal: Some(seal), ..exchange(connection, CHROMIUM, "https://own.example:443/") }
    }

    fn audit(exchanges: impl IntoIterator<Item = Exchange>) -> Audit {
        let knowledge = Knowledge::built_in();
        let mut auditor = Auditor::new(&knowledge, AuditOptions::default());
        auditor.capture(crate::CaptureSummary::default());
        auditor.push(Record::Run(Run::default()));
        auditor.push(Record::Trial(Trial { id: 1, ..Trial::default() }));
        exchanges.into_iter().for_each(|exchange| auditor.push(Record::Exchange(Box::new(exchange))));
        auditor.finish()
    }

    #[test]
    fn what_came_again_is_no_gap_and_no_traffic_but_a_note() {
        let audit = audit([
            dropped(1, Seal::HUNG_UP),
            dropped(2, Seal::HUNG_UP),
            exchange(3, RESUMED, "https://own.example/listen"),
        ]);
        assert_eq!((audit.coverage.exchanges, audit.coverage.sealed, audit.coverage.read), (1, 0, 1));
        assert_eq!(audit.captures[0].exchanges, 1, "both counts are of one function");
        assert!(audit.gaps.is_empty());
        assert_eq!(audit.traffic.len(), 1);
        let notes: Vec<(&str, &str, u64)> =
            audit.notes.iter().map(|note| (note.code.as_str(), note.says.as_str(), note.count)).collect();
        assert_eq!(notes, [("given-up", "own.example", 2)]);
    }

    #[test]
    fn what_the_same_client_took_in_another_trial_was_given_up_too() {
        let elsewhere = Exchange { trial: Some(2), ..exchange(3, RESUMED, "https://own.example/") };
        let audit = audit([dropped(1, Seal::HUNG_UP), elsewhere]);
        assert_eq!((audit.coverage.sealed, audit.gaps.len()), (0, 0));
    }

    #[test]
    fn the_gaps_of_another_capture_stay() {
        let knowledge = Knowledge::built_in();
        let mut auditor = Auditor::new(&knowledge, AuditOptions::default());
        auditor.capture(crate::CaptureSummary::default());
        auditor.push(Record::Run(Run::default()));
        auditor.push(Record::Trial(Trial { id: 1, ..Trial::default() }));
        for exchange in [dropped(1, Seal::HUNG_UP), exchange(3, RESUMED, "https://own.example/listen")] {
            auditor.push(Record::Exchange(Box::new(exchange)));
        }
        auditor.capture(crate::CaptureSummary::default());
        auditor.push(Record::Exchange(Box::new(Exchange { trial: None, ..dropped(1, Seal::HUNG_UP) })));
        let audit = auditor.finish();
        assert_eq!(audit.gaps.iter().map(|(capture, _)| *capture).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn what_never_came_again_stays_a_gap() {
        for other in [
            exchange(3, CHROMIUM, "https://else.example/"),
            exchange(3, HELPER, "https://own.example/"),
            exchange(3, CHROMIUM, "http://own.example/"),
            dropped(3, Seal::HUNG_UP),
        ] {
            let audit = audit([dropped(1, Seal::HUNG_UP), other]);
            assert!(audit.coverage.sealed >= 1 && !audit.gaps.is_empty());
        }
    }

    #[test]
    fn an_alert_is_a_refusal_whatever_comes_after_it() {
        let audit = audit([
            dropped(1, "refused our certificate: alert unknown_ca"),
            exchange(3, CHROMIUM, "https://own.example/"),
        ]);
        assert_eq!((audit.coverage.sealed, audit.gaps.len()), (1, 1));
    }
}
