//! Who may come in: one-time links, sessions, and the key of programs.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{Error, secret::Secret};

/// Keeps the secrets of this run. All of them are gone with it.
pub(crate) struct Door {
    address: SocketAddr,
    /// Cookies do not know ports, so each has a name of its own.
    pub(crate) cookie: String,
    pub(crate) key: Secret,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    links: VecDeque<Secret>,
    sessions: VecDeque<Session>,
}

/// A browser that came in.
#[derive(Clone)]
pub(crate) struct Session {
    cookie: Secret,
    /// Stands in each form, and must come back with it.
    pub(crate) csrf: Secret,
}

/// Links that nobody used, and browsers, of which the oldest go first.
const LINKS: usize = 16;
const SESSIONS: usize = 64;

impl Door {
    pub(crate) fn new(address: SocketAddr) -> Result<Self, Error> {
        let cookie = format!("candor-{}", address.port());
        Ok(Self { address, cookie, key: Secret::new()?, inner: Mutex::default() })
    }

    /// Another link, valid once.
    pub(crate) fn link(&self) -> Result<String, Error> {
        let token = Secret::new()?;
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
        }
        let link = format!("http://{address}/enter?token={}", token.text());
        let mut inner = self.inner();
        inner.links.push_back(token);
        while inner.links.len() > LINKS {
            inner.links.pop_front();
        }
        Ok(link)
    }

    /// Lets somebody in for a token that was not used; gives the cookie.
    pub(crate) fn enter(&self, token: &str) -> Result<Option<Secret>, Error> {
        let session = Session { cookie: Secret::new()?, csrf: Secret::new()? };
        let mut inner = self.inner();
        let Some(at) = inner.links.iter().position(|link| link.is(token)) else { return Ok(None) };
        inner.links.remove(at);
        let cookie = session.cookie.clone();
        inner.sessions.push_back(session);
        while inner.sessions.len() > SESSIONS {
            inner.sessions.pop_front();
        }
        Ok(Some(cookie))
    }

    /// The session that a `Cookie` field belongs to.
    pub(crate) fn session(&self, field: &str) -> Option<Session> {
        let given = field.split(';').filter_map(|pair| pair.trim().split_once('='));
        let given: Vec<&str> = given.filter(|(name, _)| *name == self.cookie).map(|(_, value)| value).collect();
        self.inner().sessions.iter().find(|session| given.iter().any(|given| session.cookie.is(given))).cloned()
    }

    /// Whether a `Host` field names us. A name that only resolves to this
    /// machine does not: that is how DNS rebinding comes.
    pub(crate) fn is_us(&self, host: &str) -> bool {
        let own = self.address;
        if let Ok(address) = host.parse::<SocketAddr>() {
            // Written as numbers, it was resolved by nobody.
            return address == own || own.ip().is_unspecified() && address.port() == own.port();
        }
        let here = own.ip().is_loopback() || own.ip().is_unspecified();
        here && host.eq_ignore_ascii_case(&format!("localhost:{}", own.port()))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> Door {
        Door::new("127.0.0.1:8460".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_link_lets_one_browser_in_once() {
        let door = door();
        let link = door.link().unwrap();
        let token = link.strip_prefix("http://127.0.0.1:8460/enter?token=").unwrap();
        let cookie = door.enter(token).unwrap().unwrap();
        assert!(door.enter(token).unwrap().is_none());
        assert!(door.session(&format!("a=b; candor-8460={}", cookie.text())).is_some());
        assert!(door.session(&format!("candor-8461={}", cookie.text())).is_none());
        assert!(door.session("candor-8460=").is_none());
        assert!(door.enter("").unwrap().is_none());
    }

    #[test]
    fn a_host_that_only_leads_here_is_not_us() {
        let door = door();
        assert!(door.is_us("127.0.0.1:8460") && door.is_us("LOCALHOST:8460"));
        for host in ["rebound.example:8460", "127.0.0.1", "127.0.0.1:80", "localhost", "", "127.0.0.1:8460.example"] {
            assert!(!door.is_us(host), "{host}");
        }
    }

    #[test]
    fn a_socket_for_all_addresses_answers_to_numbers_and_to_no_foreign_name() {
        let door = Door::new("0.0.0.0:8460".parse().unwrap()).unwrap();
        assert!(door.is_us("192.168.1.5:8460") && door.is_us("localhost:8460"));
        assert!(!door.is_us("rebound.example:8460") && !door.is_us("192.168.1.5:80"));
        assert!(door.link().unwrap().starts_with("http://127.0.0.1:8460/"));
        let door = Door::new("192.168.1.5:8460".parse().unwrap()).unwrap();
        assert!(door.is_us("192.168.1.5:8460") && !door.is_us("localhost:8460") && !door.is_us("10.0.0.1:8460"));
    }
}
