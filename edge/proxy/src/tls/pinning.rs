//! Which clients do not take our certificate, for which hosts.
//!
//! A phone goes on working because what it refuses a few times is passed through
//! untouched from then on. This is learned for each kind of client: an app may
//! pin a host that the browser beside it opens to us. And a client that only
//! goes away in the handshake has refused nothing where its like took the
//! certificate: loads are given up all the time, and each one that counted would
//! in the end make us blind to that host.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use model::Client;

/// Pairs of host and client that are remembered: names that are made up without
/// end must not fill the memory.
const MOST: usize = 100_000;

#[derive(Debug, Default)]
pub(crate) struct PinningTracker {
    known: Mutex<HashMap<PinClient, KnownPin>>,
}

/// A host, and what stays the same of its client's JA4.
type PinClient = (String, String);

#[derive(Debug, Default)]
struct KnownPin {
    refusals: u32,
    taken: bool,
}

/// How a client ended the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandshakeEnd {
    /// By an alert about our certificate.
    Alert,
    /// Without a word.
    HungUp,
}

impl PinningTracker {
    /// A client took our certificate for this host.
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

    /// How often clients of this kind refused our certificate for this host.
    pub(crate) fn refusals(&self, host: &str, client: &Client) -> u32 {
        self.known().get(&who(host, client)).map_or(0, |known| known.refusals)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<PinClient, KnownPin>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// None: too many are known already.
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
