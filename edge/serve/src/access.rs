//! Who may use the pages: one-time links, browsers that used one, and the key
//! for programs. Links are valid for one run; the key and the browsers are
//! stored for a month if there is a file for them.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    Error,
    admission::{AdmissionFile, AdmissionList, AdmittedBrowser},
    entry::EntryPage,
    moment,
    secret::Secret,
};

/// Holds the secrets that give access.
pub(crate) struct AccessControl {
    address: SocketAddr,
    /// Cookies ignore the port, so the cookie of each port has a name of its
    /// own.
    pub(crate) cookie: String,
    pub(crate) key: Secret,
    inner: Mutex<AccessState>,
    file: AdmissionFile,
}

#[derive(Default)]
struct AccessState {
    links: VecDeque<Secret>,
    browsers: VecDeque<AdmittedBrowser>,
}

/// The session of a browser that was admitted.
#[derive(Clone)]
pub(crate) struct BrowserSession {
    /// Contained in each form; the browser must send it back with the form.
    pub(crate) csrf: Secret,
}

/// The most unused links and the most browsers; the oldest are removed first.
const LINKS: usize = 16;
const BROWSERS: usize = 64;
/// How many seconds a browser stays admitted.
pub(crate) const MONTH: i64 = 30 * 24 * 60 * 60;
/// The purposes of secrets that are derived from a cookie: its stored digest,
/// and the value in forms.
const KEPT: &str = "kept";
const FORM: &str = "form";

impl AccessControl {
    pub(crate) fn new(address: SocketAddr, file: AdmissionFile) -> Result<Self, Error> {
        let cookie = format!("candor-{}", address.port());
        let kept = file.read();
        let key = kept.key.as_deref().and_then(Secret::again).map_or_else(Secret::new, Ok)?;
        let inner = AccessState { browsers: kept.browser.into(), ..AccessState::default() };
        let door = Self { address, cookie, key, inner: Mutex::new(inner), file };
        door.keep(&door.inner().browsers)?;
        Ok(door)
    }

    fn keep(&self, browsers: &VecDeque<AdmittedBrowser>) -> Result<(), Error> {
        self.file.write(&AdmissionList {
            key: Some(self.key.text().to_owned()),
            browser: browsers.iter().cloned().collect(),
        })
    }

    /// A new link to this page; it can be used once.
    pub(crate) fn link(&self, to: EntryPage) -> Result<String, Error> {
        let token = Secret::new()?;
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
        }
        let link = format!("http://{address}/enter?token={}{}", token.text(), to.in_query());
        let mut inner = self.inner();
        inner.links.push_back(token);
        while inner.links.len() > LINKS {
            inner.links.pop_front();
        }
        Ok(link)
    }

    /// Admits a browser for an unused token; returns its cookie.
    pub(crate) fn enter(&self, token: &str) -> Result<Option<Secret>, Error> {
        let cookie = Secret::new()?;
        let mut inner = self.inner();
        let Some(at) = inner.links.iter().position(|link| link.is(token)) else { return Ok(None) };
        inner.links.remove(at);
        let now = seconds();
        inner.browsers.retain(|browser| now < browser.until);
        inner
            .browsers
            .push_back(AdmittedBrowser { cookie: cookie.derived(KEPT).text().to_owned(), until: now + MONTH });
        while inner.browsers.len() > BROWSERS {
            inner.browsers.pop_front();
        }
        self.keep(&inner.browsers)?;
        Ok(Some(cookie))
    }

    /// The session for a `Cookie` header field.
    pub(crate) fn session(&self, field: &str) -> Option<BrowserSession> {
        let given = field.split(';').filter_map(|pair| pair.trim().split_once('='));
        let given = given.filter(|(name, _)| *name == self.cookie).filter_map(|(_, value)| Secret::again(value));
        let (inner, now) = (self.inner(), seconds());
        let is_in = |cookie: &Secret| {
            let digest = cookie.derived(KEPT);
            inner.browsers.iter().any(|browser| digest.is(&browser.cookie) && now < browser.until)
        };
        given.into_iter().find(is_in).map(|cookie| BrowserSession { csrf: cookie.derived(FORM) })
    }

    /// Whether a `Host` field names this server. A name that only resolves to
    /// this machine does not count: DNS rebinding uses such names.
    pub(crate) fn is_us(&self, host: &str) -> bool {
        let own = self.address;
        if let Ok(address) = host.parse::<SocketAddr>() {
            // A numeric address needed no DNS lookup.
            return address == own || own.ip().is_unspecified() && address.port() == own.port();
        }
        let here = own.ip().is_loopback() || own.ip().is_unspecified();
        here && host.eq_ignore_ascii_case(&format!("localhost:{}", own.port()))
    }

    fn inner(&self) -> MutexGuard<'_, AccessState> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seconds() -> i64 {
    moment::now().0 / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> AccessControl {
        AccessControl::new("127.0.0.1:8460".parse().unwrap(), AdmissionFile::new(None)).unwrap()
    }

    #[test]
    fn a_link_lets_one_browser_in_once() {
        let door = door();
        let link = door.link(EntryPage::First).unwrap();
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
        let door = AccessControl::new("0.0.0.0:8460".parse().unwrap(), AdmissionFile::new(None)).unwrap();
        assert!(door.is_us("192.168.1.5:8460") && door.is_us("localhost:8460"));
        assert!(!door.is_us("rebound.example:8460") && !door.is_us("192.168.1.5:80"));
        assert!(door.link(EntryPage::First).unwrap().starts_with("http://127.0.0.1:8460/"));
        let door = AccessControl::new("192.168.1.5:8460".parse().unwrap(), AdmissionFile::new(None)).unwrap();
        assert!(door.is_us("192.168.1.5:8460") && !door.is_us("localhost:8460") && !door.is_us("10.0.0.1:8460"));
    }

    #[test]
    fn who_came_in_stays_in_over_a_restart_and_the_key_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("let-in.toml");
        let door =
            || AccessControl::new("127.0.0.1:8460".parse().unwrap(), AdmissionFile::new(Some(path.clone()))).unwrap();
        let before = door();
        let link = before.link(EntryPage::Settings).unwrap();
        let token = link.split(['=', '&']).nth(1).unwrap();
        let cookie = before.enter(token).unwrap().unwrap();
        let field = format!("candor-8460={}", cookie.text());
        let csrf = before.session(&field).unwrap().csrf;
        let after = door();
        assert!(after.key.is(before.key.text()));
        assert!(after.session(&field).unwrap().csrf.is(csrf.text()), "a form that stood open works on");
        assert!(after.enter(token).unwrap().is_none(), "a link does not");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(cookie.text()), "nobody gets in by reading the file");
        std::fs::write(&path, text.replace("until = ", "until = -")).unwrap();
        assert!(door().session(&field).is_none(), "a month is over");
    }
}
