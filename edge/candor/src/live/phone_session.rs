//! Prepares a phone that adb reaches for an audit: its trust in Candor.

use std::sync::Arc;

use adb::{AdbServer, Phone};
use anyhow::{Context, Result};
use experiment::drivers::android::{AndroidApp, PrivatePages};

use super::{authority, folder, undo_journal::RunJournal};
use crate::{
    exit::talk,
    trust::android::{self, PhoneStores},
};

/// A phone that trusts Candor, if it gives root access. The end of the session undoes
/// the changes.
#[derive(Debug)]
pub struct PhoneSession {
    pub app: AndroidApp,
    owed: Arc<RunJournal>,
}

impl PhoneSession {
    /// Connects to the phone (`ANDROID_SERIAL` names one of several, as with adb).
    pub fn connect(package: &str, may_clear: bool) -> Result<Self> {
        let serial = std::env::var("ANDROID_SERIAL").ok().filter(|serial| !serial.is_empty());
        let phone = AdbServer::local().phone(serial.as_deref())?;
        let home = folder::of_the_person()?;
        let authority = authority::kept(&home)?;
        let owed = RunJournal::begin(&home, &phone)?;
        trust(&phone, authority.cert_pem(), &owed).context("the phone could not be made to trust Candor")?;
        let app = AndroidApp {
            phone,
            package: package.to_owned(),
            may_clear,
            // `conduct` replaces this when it knows the app's version.
            private: PrivatePages::of(None, ""),
            authority,
            diary: Arc::<RunJournal>::clone(&owed),
        };
        Ok(Self { app, owed })
    }

    /// Undoes all remaining changes to the phone.
    pub fn end(self) -> Result<()> {
        self.owed.end().context("the next start with this phone takes it back")
    }
}

/// Installs the certificate in the stores that lack it, if the phone gives root
/// access.
fn trust(phone: &Phone, certificate: &str, owed: &RunJournal) -> Result<()> {
    let Some(has) = android::found(phone, certificate)? else {
        talk(
            "candor: this phone lets nobody be root; what the app sends can be read only if you installed Candor's \
             certificate (`candor ca install --android`) and the app goes by it, and is sealed otherwise",
        );
        return Ok(());
    };
    let missing = PhoneStores { system: !has.system, user: !has.user };
    if missing == PhoneStores::NONE {
        return Ok(());
    }
    owed.certificate(missing)?;
    android::install_in(phone, certificate, missing)
}
