//! The guide for phones: pages at `http://candor.test/`, reached through the
//! proxy, for small screens and any mobile browser, without JavaScript.
//!
//! A device that reaches the guide uses the proxy and is paired. The guide
//! helps to install the certificate and checks that the device trusts it: the
//! guide's own HTTPS page shows that. Then it leads through the steps of an
//! experiment, if there is one. The code that runs the experiment follows
//! [`PhoneGuide::progress`], and calls [`PhoneGuide::was_seen`] when traffic
//! shows that a step is done; otherwise the user confirms the step.

mod steps;

mod views;

use std::{
    collections::HashSet,
    fmt,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use model::{AnsweredBy, Header, Request};
use proxy::{InternalHost, PageFuture, StaticResponse};
use tokio::sync::watch;

pub use self::steps::{GuideProgress, GuideStep};
use crate::{Error, english, files, secret::Secret, state::TrustCertificate};

/// The guide's host name on every proxy. The domain is reserved for tests, so
/// it belongs to nobody (RFC 6761).
pub(crate) const HOST: &str = "candor.test";

/// How many phones are remembered that trust the certificate.
const MOST: usize = 256;

/// The guide, shared by all proxies of a run.
pub struct PhoneGuide {
    certificate: TrustCertificate,
    steps: Vec<GuideStep>,
    progress: watch::Sender<GuideProgress>,
    trusting: Mutex<HashSet<IpAddr>>,
    csrf: Secret,
}

impl fmt::Debug for PhoneGuide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guide(..)")
    }
}

impl PhoneGuide {
    /// The number of steps before those of an experiment: proxy, pairing,
    /// certificate.
    pub const BEFORE: usize = 3;

    /// A guide that gives out this certificate (PEM) and leads through these
    /// steps; without steps it ends when the device is ready.
    pub fn new(certificate: &str, steps: Vec<GuideStep>) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Self {
            certificate: TrustCertificate::read(certificate)?,
            steps,
            progress: watch::channel(GuideProgress::default()).0,
            trusting: Mutex::default(),
            csrf: Secret::new()?,
        }))
    }

    /// The user's progress: the current value and every change.
    pub fn progress(&self) -> watch::Receiver<GuideProgress> {
        self.progress.subscribe()
    }

    /// Called when traffic shows that this step is done.
    pub fn was_seen(&self, step: usize) {
        self.finish(step);
    }

    /// Whether a device trusts the certificate: it has reached the guide over
    /// HTTPS.
    pub fn is_trusted_by(&self, device: IpAddr) -> bool {
        self.trusting().contains(&device.to_canonical())
    }

    /// The response to a request of a device.
    pub fn answer(&self, device: IpAddr, request: &Request) -> StaticResponse {
        let Some((secure, path)) = parts(&request.url) else { return plain(404, english::refused::NO_SUCH_PAGE) };
        if secure {
            let mut trusting = self.trusting();
            if trusting.len() < MOST {
                trusting.insert(device.to_canonical());
            }
        }
        let trusted = self.trusting().contains(&device.to_canonical());
        match (request.method.as_str(), path) {
            ("GET" | "HEAD", "/") => page(200, &self.here(trusted)),
            ("GET" | "HEAD", "/certificate") => page(200, &views::certificate(self, trusted)),
            ("GET" | "HEAD", "/check") if secure => to("/"),
            ("GET" | "HEAD", "/check") => page(200, &views::not_trusted()),
            ("GET" | "HEAD", "/candor.crt") => reply(200, "application/x-x509-ca-cert", self.certificate.der.clone())
                .with("Content-Disposition", "attachment; filename=\"candor.crt\""),
            ("GET" | "HEAD", "/style.css") => reply(200, "text/css; charset=utf-8", files::style()),
            ("GET" | "HEAD", "/guide.js") => reply(200, "text/javascript; charset=utf-8", files::GUIDE),
            ("GET" | "HEAD", "/at") => plain(200, &self.progress.borrow().done.to_string()),
            ("POST", "/done") => self.said(request),
            (_, "/done") => plain(405, english::refused::NOT_UNDERSTOOD),
            _ => page(404, &views::lost()),
        }
    }

    /// The page for the next step.
    fn here(&self, trusted: bool) -> String {
        let progress = *self.progress.borrow();
        match self.steps.get(progress.done) {
            _ if !trusted => views::welcome(self),
            Some(step) => views::step(self, progress.done, step),
            None => views::ready(!self.steps.is_empty()),
        }
    }

    /// The user confirms a step. A repeated form, or one from an earlier page,
    /// changes nothing.
    fn said(&self, request: &Request) -> StaticResponse {
        let field = |name: &str| {
            form_urlencoded::parse(&request.body.bytes)
                .find(|(field, _)| field == name)
                .map(|(_, value)| value.into_owned())
        };
        if is_foreign(request) || !field("csrf").is_some_and(|given| self.csrf.is(&given)) {
            return page(403, &views::lost());
        }
        if let Some(step) = field("step").and_then(|step| step.parse().ok()) {
            self.finish(step);
        }
        to("/")
    }

    fn finish(&self, step: usize) {
        self.progress.send_if_modified(|progress| {
            let is_next = progress.done == step && step < self.steps.len();
            if is_next {
                progress.done += 1;
                progress.over = progress.done == self.steps.len();
            }
            is_next
        });
    }

    fn trusting(&self) -> MutexGuard<'_, HashSet<IpAddr>> {
        self.trusting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InternalHost for PhoneGuide {
    fn owns(&self, host: &str) -> bool {
        host == HOST
    }

    fn serve<'a>(&'a self, client: SocketAddr, request: &'a Request) -> PageFuture<'a> {
        Box::pin(async move { self.answer(client.ip(), request) })
    }
}

/// Whether a URL uses HTTPS, and its path.
fn parts(url: &str) -> Option<(bool, &str)> {
    let (secure, rest) = match url.split_once("://")? {
        ("https", rest) => (true, rest),
        ("http", rest) => (false, rest),
        _ => return None,
    };
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    Some((secure, path.split(['?', '#']).next().unwrap_or("/")))
}

/// Whether a page of another site sent the request. An `Origin` of ours is
/// accepted, and `null`, which pages without referrers send.
fn is_foreign(request: &Request) -> bool {
    let value = |name: &str| {
        request.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value.as_slice())
    };
    let origins: [&[u8]; 3] = [b"null", b"http://candor.test", b"https://candor.test"];
    value("origin").is_some_and(|origin| !origins.contains(&origin))
        || value("sec-fetch-site").is_some_and(|site| !matches!(site, b"same-origin" | b"none"))
}

fn page(status: u16, text: &str) -> StaticResponse {
    reply(status, "text/html; charset=utf-8", text.to_owned())
}

fn plain(status: u16, text: &str) -> StaticResponse {
    reply(status, "text/plain; charset=utf-8", text.to_owned())
}

fn to(path: &str) -> StaticResponse {
    plain(303, "").with("Location", path)
}

/// As on the other pages (`shield`), the browser runs only scripts from our own
/// files.
fn reply(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> StaticResponse {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; \
                          base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
    let headers = [
        ("Content-Type", kind),
        ("Content-Security-Policy", POLICY),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ];
    StaticResponse {
        status,
        headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
        body: body.into().into(),
        by: AnsweredBy::Candor,
    }
}
