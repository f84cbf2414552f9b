//! Drives an app on a phone, through adb.
//!
//! Nothing is installed on the phone. Pages are opened by intent, as another app's
//! link would open them. There is no list of a page's requests, and no sign that a
//! page has loaded. Settings changed for a trial are restored when the trial ends,
//! also when it fails.

mod facts;

mod private;

mod tab;

use std::{fmt, sync::Arc, time::Duration};

use adb::{Phone, PhoneRedirect, UndoJournal};
use model::Mode;
use proxy::CertificateAuthority;
use tokio::{sync::OnceCell, time::sleep};

use super::visited::VisitedPage;
use crate::Error;

pub use facts::AppFacts;
pub use private::PrivatePages;
use tab::AppTab;

/// A page that was opened has this long to load.
const LOAD: Duration = Duration::from_secs(2);

const MAIN: &str = "android.intent.action.MAIN";
const LAUNCHER: &str = "android.intent.category.LAUNCHER";
const VIEW: &str = "android.intent.action.VIEW";

/// The app to audit, and the phone it is on.
#[derive(Clone, Debug)]
pub struct AndroidApp {
    pub phone: Phone,
    pub package: String,
    /// The person allows that the app forgets everything before each trial.
    pub may_clear: bool,
    pub private: PrivatePages,
    /// Signs the certificates for all servers. A phone that does not trust it sends
    /// only traffic that cannot be read.
    pub authority: Arc<CertificateAuthority>,
    /// Records each change to the phone before it is made, so that it can be undone.
    pub diary: Arc<dyn UndoJournal>,
}

impl AndroidApp {
    /// Reads the app's facts from the phone. An app that is not there is an error.
    pub async fn facts(&self) -> Result<AppFacts, Error> {
        self.told(AppFacts::of).await
    }

    /// Conditions for the report, where this differs from auditing a browser here.
    pub(crate) fn conditions(&self) -> Vec<String> {
        let state = if self.may_clear {
            "the app's data was cleared before each trial"
        } else {
            "the app kept its data from trial to trial (--clear was not given): all trials are one install"
        };
        vec![
            self.private.to_string(),
            state.into(),
            "the whole phone went through Candor: what was seen may come from another app on it".into(),
            "addresses in ordinary tabs were opened by intent, as another app's link opens them".into(),
        ]
    }

    /// Sends the phone's traffic to a port of this machine, and stops the app.
    pub(crate) async fn begin(&self, port: u16) -> Result<PhoneTraffic, Error> {
        let (phone, diary, clear) = (self.phone.clone(), Arc::clone(&self.diary), self.may_clear);
        // Dropping `sent` restores the phone's proxy if a later step fails.
        let sent = PhoneTraffic(told(move || PhoneRedirect::begin(phone, port, &*diary)).await?);
        self.stop().await?;
        if clear {
            self.told(|phone, package| phone.run(&["pm", "clear", package]).map(drop)).await?;
        }
        Ok(sent)
    }

    async fn stop(&self) -> Result<(), Error> {
        self.told(|phone, package| phone.run(&["am", "force-stop", package]).map(drop)).await
    }

    async fn told<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Phone, &str) -> Result<T, adb::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (phone, package) = (self.phone.clone(), self.package.clone());
        told(move || act(&phone, &package)).await
    }
}

/// Sends the phone's traffic to a trial. Dropped, it restores the phone's proxy.
#[derive(Debug)]
pub(crate) struct PhoneTraffic(PhoneRedirect);

impl PhoneTraffic {
    /// Restores the phone's proxy, and reports if that failed.
    pub(crate) async fn end(self) -> Result<(), Error> {
        told(move || self.0.end()).await
    }
}

/// Runs a blocking adb call on a blocking thread: a slow phone would stall the runtime.
async fn told<T: Send + 'static>(act: impl FnOnce() -> Result<T, adb::Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(act)
        .await
        .map_err(|_| Error::Panicked { what: "the phone's driver" })?
        .map_err(Error::from)
}

/// The started app. Dropped, the app is stopped: requests that it has delayed
/// must not reach real servers after the trial.
pub struct AndroidDriver {
    app: AndroidApp,
    mode: Mode,
    /// The private tab, for apps that open an empty one. None inside: it did not open.
    tab: OnceCell<Option<AppTab>>,
    is_stopped: bool,
}

impl fmt::Debug for AndroidDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Android(..)")
    }
}

impl AndroidDriver {
    /// Starts the app by its launcher icon. An app without an icon starts with the
    /// first visit.
    pub async fn start(app: &AndroidApp, mode: Mode) -> Result<Self, Error> {
        app.stop().await?;
        let started = Self { app: app.clone(), mode, tab: OnceCell::new(), is_stopped: false };
        app.told(|phone, package| {
            let asked = ["cmd", "package", "resolve-activity", "--brief", "-a", MAIN, "-c", LAUNCHER, package];
            let said = phone.shell(&asked)?.text;
            let icon = said.lines().last().map(str::trim).filter(|line| line.starts_with(&format!("{package}/")));
            icon.map_or(Ok(()), |icon| phone.run(&["am", "start", "-a", MAIN, "-c", LAUNCHER, "-n", icon]).map(drop))
        })
        .await?;
        Ok(started)
    }

    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Opens an address in the app.
    pub async fn visit(&self, url: &str, stay: Duration) -> Result<VisitedPage, Error> {
        if let (Mode::Private, PrivatePages::Tab { action, socket, .. }) = (self.mode, &self.app.private) {
            return self.visit_in_tab(action, socket, url, stay).await;
        }
        let (began, address) = (crate::now(), url.to_owned());
        let extra = self.app.private.asks(self.mode)?;
        let said = self
            .app
            .told(move |phone, package| {
                let extra: Vec<&str> = extra.iter().flat_map(|extra| ["--ez", extra, "true"]).collect();
                phone.shell(&[&["am", "start", "-a", VIEW, "-d", &address], &extra[..], &[package]].concat())
            })
            .await?;
        // Old phones print the error but return exit status 0.
        let refused = said.text.lines().find(|line| line.starts_with("Error"));
        let failed = refused.map(str::to_owned).or((said.status != 0).then_some(said.text.clone()));
        sleep(LOAD + stay).await;
        Ok(VisitedPage { began, ended: crate::now(), url: url.to_owned(), title: String::new(), failed })
    }

    async fn visit_in_tab(&self, action: &str, socket: &str, url: &str, stay: Duration) -> Result<VisitedPage, Error> {
        let tab = self.tab.get_or_try_init(|| AppTab::open(&self.app, action, socket)).await?;
        let Some(tab) = tab else {
            return Err(Error::Cannot { driver: "this app", act: "be seen to open a private tab" });
        };
        let began = crate::now();
        let failed = tab.load(url).await?;
        sleep(LOAD + stay).await;
        Ok(VisitedPage { began, ended: crate::now(), url: url.to_owned(), title: String::new(), failed })
    }

    /// Stops the app, as "Force stop" in the phone's settings does. If this fails,
    /// `drop` tries again.
    pub async fn close(mut self) {
        self.is_stopped = self.app.stop().await.is_ok();
    }
}

impl Drop for AndroidDriver {
    fn drop(&mut self) {
        if !self.is_stopped {
            let _ = self.app.phone.shell(&["am", "force-stop", &self.app.package]);
        }
    }
}
