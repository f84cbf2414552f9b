//! An app on a phone on the cable, by adb.
//!
//! Nothing is installed on the phone. Pages are opened by intent, as another
//! app's link would open them; which requests a page made nobody lists, and that
//! it has loaded does not show. What the phone is told for a trial is taken back
//! when the trial ends, however it ends.

use std::{fmt, sync::Arc, time::Duration};

use adb::{Phone, Proxied};
use proxy::Authority;
use tokio::time::sleep;

use super::visited::Visited;
use crate::Error;

/// A page that was opened has this long to load.
const LOAD: Duration = Duration::from_secs(2);

const MAIN: &str = "android.intent.action.MAIN";
const LAUNCHER: &str = "android.intent.category.LAUNCHER";
const VIEW: &str = "android.intent.action.VIEW";

/// The app to audit, and the phone it is on.
#[derive(Clone, Debug)]
pub struct App {
    pub phone: Phone,
    pub package: String,
    /// The person allows that the app forgets everything before each trial.
    pub may_clear: bool,
    /// Signs for every server: the phone trusts it, or what it sends stays sealed.
    pub authority: Arc<Authority>,
}

/// Which app it is exactly, and on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// `124.0.6367.82 (636708233)`
    pub version: String,
    /// SHA-256 of its base package, in hex.
    pub digest: String,
    /// `Xiaomi Mi A1, Android 10`
    pub phone: String,
    /// Who signed it, who installed it, whether it came with the phone.
    pub origin: Vec<String>,
}

/// Programs that install others, and what they are.
const INSTALLERS: [(&str, &str); 7] = [
    ("com.android.vending", "the store Google Play"),
    ("org.fdroid.fdroid", "the store F-Droid"),
    ("com.sec.android.app.samsungapps", "the store of Samsung"),
    ("com.huawei.appmarket", "the store of Huawei"),
    ("com.amazon.venezia", "the store of Amazon"),
    ("com.xiaomi.mipicks", "the store of Xiaomi"),
    ("com.xiaomi.discover", "Xiaomi's updater of its own apps"),
];

impl App {
    /// Asks the phone about it. An app that is not there is an error.
    pub async fn facts(&self) -> Result<Facts, Error> {
        self.told(|phone, package| {
            // The base package comes first; what follows are its parts for this phone.
            let paths = phone.shell(&["pm", "path", package])?;
            let path = paths.text.lines().find_map(|line| line.trim().strip_prefix("package:"));
            let Some(path) = path.filter(|_| paths.status == 0) else {
                return Err(adb::Error::Command(format!("pm path {package}"), "this app is not on the phone".into()));
            };
            let sum = phone.run(&["sha256sum", path])?;
            let about = phone.run(&["dumpsys", "package", package])?;
            let property = |name: &str| phone.run(&["getprop", name]).map(|value| value.trim().to_owned());
            Ok(Facts {
                version: version(&about, package),
                digest: sum.split_whitespace().next().unwrap_or_default().to_owned(),
                phone: format!(
                    "{} {}, Android {}",
                    property("ro.product.manufacturer")?,
                    property("ro.product.model")?,
                    property("ro.build.version.release")?
                ),
                origin: origin(&about, package),
            })
        })
        .await
    }

    /// What is unlike an audit of a browser on this machine, for the report.
    pub(crate) fn conditions(&self) -> Vec<String> {
        let state = if self.may_clear {
            "the app's data was cleared before each trial"
        } else {
            "the app kept its data from trial to trial (--clear was not given): all trials are one install"
        };
        vec![
            format!(
                "private mode is untested: no intent and no debugging socket is known that opens a private page of {}",
                self.package
            ),
            state.into(),
            "the whole phone went through Candor: what was seen may come from another app on it".into(),
            "addresses were opened by intent, as another app's link opens them".into(),
        ]
    }

    /// Sends the phone through a port of this machine, and stops the app.
    pub(crate) async fn begin(&self, port: u16) -> Result<Sent, Error> {
        let (phone, clear) = (self.phone.clone(), self.may_clear);
        // Should what follows fail, this takes the setting back.
        let sent = Sent(Some(told(move || Proxied::begin(phone, port)).await?));
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

/// While it lives, the phone's traffic comes to a trial.
#[derive(Debug)]
pub(crate) struct Sent(Option<Proxied>);

impl Sent {
    /// Takes it back, and says if that failed.
    pub(crate) async fn end(mut self) -> Result<(), Error> {
        let Some(proxied) = self.0.take() else { return Ok(()) };
        told(move || proxied.end()).await
    }
}

/// adb answers when the phone does: not on a thread that others wait for.
async fn told<T: Send + 'static>(act: impl FnOnce() -> Result<T, adb::Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(act).await.map_err(|_| Error::CellGone)?.map_err(Error::from)
}

/// The app, started. Dropped, it is stopped: what it holds back of what was
/// opened in it shall not go to real servers afterwards.
pub struct Android {
    app: App,
    is_stopped: bool,
}

impl fmt::Debug for Android {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Android(..)")
    }
}

impl Android {
    /// Starts it as its icon does. One without an icon starts at its first address.
    pub async fn start(app: &App) -> Result<Self, Error> {
        app.stop().await?;
        let started = Self { app: app.clone(), is_stopped: false };
        app.told(|phone, package| {
            let asked = ["cmd", "package", "resolve-activity", "--brief", "-a", MAIN, "-c", LAUNCHER, package];
            let said = phone.shell(&asked)?.text;
            let icon = said.lines().last().map(str::trim).filter(|line| line.starts_with(&format!("{package}/")));
            icon.map_or(Ok(()), |icon| phone.run(&["am", "start", "-a", MAIN, "-c", LAUNCHER, "-n", icon]).map(drop))
        })
        .await?;
        Ok(started)
    }

    /// Opens an address in it.
    pub async fn visit(&self, url: &str, stay: Duration) -> Result<Visited, Error> {
        let (began, address) = (crate::now(), url.to_owned());
        let said = self
            .app
            .told(move |phone, package| phone.shell(&["am", "start", "-a", VIEW, "-d", &address, package]))
            .await?;
        // Old phones say that it failed, and give 0 all the same.
        let refused = said.text.lines().find(|line| line.starts_with("Error"));
        let failed = refused.map(str::to_owned).or((said.status != 0).then_some(said.text.clone()));
        sleep(LOAD + stay).await;
        Ok(Visited { began, ended: crate::now(), url: url.to_owned(), title: String::new(), failed })
    }

    /// Ends it as the phone's settings do. One that cannot be told has lost its cable.
    pub async fn close(mut self) {
        self.is_stopped = self.app.stop().await.is_ok();
    }
}

impl Drop for Android {
    fn drop(&mut self) {
        if !self.is_stopped {
            let _ = self.app.phone.shell(&["am", "force-stop", &self.app.package]);
        }
    }
}

/// What is said of the app as it is used: below "Hidden system packages" stands
/// the one that came with the phone.
fn lines<'a>(about: &'a str, package: &str) -> impl Iterator<Item = &'a str> {
    let head = format!("Package [{package}]");
    let here = about.lines().map(str::trim).skip_while(move |line| !line.starts_with(&head));
    here.skip(1).take_while(|line| !line.starts_with("Package [") && !line.starts_with("Hidden system packages"))
}

fn value<'a>(about: &'a str, package: &str, name: &str) -> Option<&'a str> {
    lines(about, package).find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::trim)
}

fn version(about: &str, package: &str) -> String {
    let name = value(about, package, "versionName").unwrap_or("unknown");
    match value(about, package, "versionCode").and_then(|code| code.split(' ').next()) {
        Some(code) => format!("{name} ({code})"),
        None => name.to_owned(),
    }
}

fn origin(about: &str, package: &str) -> Vec<String> {
    let flags = value(about, package, "flags").or_else(|| value(about, package, "pkgFlags")).unwrap_or_default();
    let has = |flag: &str| flags.split(' ').any(|one| one == flag);
    let came = match (has("SYSTEM"), has("UPDATED_SYSTEM_APP")) {
        (_, true) => "the app came with the phone and was updated since",
        (true, false) => "the app came with the phone",
        (false, false) => "the app did not come with the phone",
    };
    let by = match value(about, package, "installerPackageName").filter(|by| !by.is_empty() && *by != "null") {
        None => "the phone names no installer of it".to_owned(),
        Some(by) => match INSTALLERS.iter().find(|(name, _)| *name == by) {
            Some((_, what)) => format!("installed by {by}, {what}"),
            None => format!("installed by {by}"),
        },
    };
    let signed = value(about, package, "signatures")
        .and_then(|line| line.split_once("signatures:[")?.1.split_once(']'))
        .map_or("its signer could not be read".to_owned(), |(signer, _)| {
            format!("signed by {signer}, as Android shortens a certificate")
        });
    vec![came.to_owned(), by, signed]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: &str = "Packages:
  Package [org.example.other] (1):
    versionName=9
  Package [org.example.web] (2):
    codePath=/data/app/~~x==/org.example.web-y==
    versionCode=636708233 minSdk=29 targetSdk=34
    versionName=124.0.6367.82
    flags=[ SYSTEM HAS_CODE UPDATED_SYSTEM_APP ]
    installerPackageName=com.xiaomi.discover
    signatures=PackageSignatures{5e5b9a7 version:3, signatures:[4fa7a6ec], past signatures:[]}

Hidden system packages:
  Package [org.example.web] (3):
    versionName=90.0
    flags=[ SYSTEM ]
";

    #[test]
    fn the_version_is_that_of_the_update_and_not_of_what_lies_below() {
        assert_eq!(version(ABOUT, "org.example.web"), "124.0.6367.82 (636708233)");
        assert_eq!(version("", "org.example.web"), "unknown");
    }

    #[test]
    fn where_an_app_is_from_is_said_or_that_it_is_not_known() {
        assert_eq!(
            origin(ABOUT, "org.example.web"),
            [
                "the app came with the phone and was updated since",
                "installed by com.xiaomi.discover, Xiaomi's updater of its own apps",
                "signed by 4fa7a6ec, as Android shortens a certificate"
            ]
        );
        let little = "Package [a.b] (1):\n  flags=[ HAS_CODE ]\n  installerPackageName=null\n";
        assert_eq!(
            origin(little, "a.b"),
            [
                "the app did not come with the phone",
                "the phone names no installer of it",
                "its signer could not be read"
            ]
        );
    }
}
