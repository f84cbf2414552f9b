//! Counts which clients reject our certificate, for which hosts.
//!
//! After a few refusals, connections are passed through encrypted, so that apps
//! on a phone continue to work. Refusals are counted for each kind of client:
//! an app may pin a host whose certificate the browser beside it accepts from
//! us. A client that only closes the connection during the handshake does not
//! count if clients of its kind accepted the certificate before: page loads are
//! cancelled all the time, and if each one counted, every connection to that
//! host would in the end be passed through unread.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use model::Client;

/// How many pairs of host and client are remembered: host names can be invented
/// without end, and they must not fill the memory.
const MOST: usize = 100_000;

#[derive(Debug, Default)]
pub(crate) struct PinningTracker {
    known: Mutex<HashMap<PinClient, KnownPin>>,
}

/// A host, and the part of the client's JA4 that is the same for all its
/// connections.
type PinClient = (String, String);

#[derive(Debug, Default)]
struct KnownPin {
    refusals: u32,
    taken: bool,
}

/// How a client ended the TLS handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandshakeEnd {
    /// With an alert about our certificate.
    Alert,
    /// By closing the connection without an alert.
    HungUp,
}

impl PinningTracker {
    /// Notes that a client accepted our certificate for this host.
    pub(crate) fn taken(&self, host: &str, client: &Client) {
        if let Some(known) = of(&mut self.known(), who(host, client)) {
            known.taken = true;
        }
    }

    pub(crate) fn refused(&self, host: &str, client: &Client, ended: HandshakeEnd) {
        if let Some(known) = of(&mut self.known(), who(host, client))
            && (ended == HandshakeEnd::Alert || !known.taken)
        {
            known.refusals += 1;
        }
    }

    /// How often clients of this kind rejected our certificate for this host.
    pub(crate) fn refusals(&self, host: &str, client: &Client) -> u32 {
        self.known().get(&who(host, client)).map_or(0, |known| known.refusals)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<PinClient, KnownPin>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entry for a pair of host and client; None if there are too many entries.
fn of(known: &mut HashMap<PinClient, KnownPin>, who: PinClient) -> Option<&mut KnownPin> {
    if known.len() < MOST { Some(known.entry(who).or_default()) } else { known.get_mut(&who) }
}

fn who(host: &str, client: &Client) -> PinClient {
    let stack = client.hello.as_ref().and_then(|hello| hello.stack());
    (host.to_owned(), stack.map(|(version, ciphers)| format!("{version}_{ciphers}")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::ClientHello;

    use super::*;

    fn client(ja4: &str) -> Client {
        let hello = ClientHello { raw: Arc::from([]), ja4: ja4.into(), sni: None, alpn: vec![] };
        Client { hello: Some(hello), ..Client::default() }
    }

    #[test]
    fn a_client_that_goes_away_has_refused_nothing_where_its_like_took_the_certificate() {
        let (pins, browser) = (PinningTracker::default(), client("t13d1516h2_8daaf6152771_d8a2da3f94cd"));
        pins.refused("a.example", &browser, HandshakeEnd::HungUp);
        pins.taken("a.example", &browser);
        for _ in 0..9 {
            pins.refused("a.example", &client("t13d1517h2_8daaf6152771_b6f405a00624"), HandshakeEnd::HungUp);
        }
        assert_eq!(pins.refusals("a.example", &browser), 1);
        pins.refused("b.example", &browser, HandshakeEnd::HungUp);
        assert_eq!(pins.refusals("b.example", &browser), 1, "another host may be pinned");
    }

    #[test]
    fn an_alert_counts_whatever_was_before() {
        let (pins, app) = (PinningTracker::default(), client("t13d1516h2_8daaf6152771_d8a2da3f94cd"));
        pins.taken("a.example", &app);
        pins.refused("a.example", &app, HandshakeEnd::Alert);
        assert_eq!(pins.refusals("a.example", &app), 1);
    }

    #[test]
    fn what_an_app_refuses_a_browser_still_takes() {
        let (pins, browser) = (PinningTracker::default(), client("t13d1516h2_8daaf6152771_d8a2da3f94cd"));
        let app = client("t13d0912h1_aaaaaaaaaaaa_d8a2da3f94cd");
        (0..3).for_each(|_| pins.refused("a.example", &app, HandshakeEnd::Alert));
        assert_eq!((pins.refusals("a.example", &app), pins.refusals("a.example", &browser)), (3, 0));
    }
}
