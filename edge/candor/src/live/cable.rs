//! A phone on the cable, made ready for an audit: what it trusts.

use adb::{Phone, Server};
use anyhow::{Context, Result};
use experiment::drivers::android::{App, Private};

use super::{authority, folder};
use crate::{
    exit::talk,
    trust::android::{self, Installed},
};

/// The phone, trusting Candor where it lets us, until this ends.
#[derive(Debug)]
pub struct Cable {
    pub app: App,
    /// The certificate was put among the system's for this audit.
    added: bool,
}

impl Cable {
    /// The phone on the cable (`ANDROID_SERIAL` names one of several, as with adb).
    pub fn connect(package: &str, may_clear: bool) -> Result<Self> {
        let serial = std::env::var("ANDROID_SERIAL").ok().filter(|serial| !serial.is_empty());
        let phone = Server::local().phone(serial.as_deref())?;
        let authority = authority::kept(&folder::of_the_person()?)?;
        let added = trust(&phone, authority.cert_pem()).context("the phone could not be made to trust Candor")?;
        // Its version tells whether what is known of it holds.
        let private = Private::of(None, "");
        Ok(Self { app: App { phone, package: package.to_owned(), may_clear, private, authority }, added })
    }

    /// Takes the certificate back.
    pub fn end(mut self) -> Result<()> {
        self.undo().context("the phone still trusts Candor; `candor ca remove --android` takes that back")
    }

    fn undo(&mut self) -> Result<()> {
        if std::mem::take(&mut self.added) {
            android::remove(&self.app.phone)?;
        }
        Ok(())
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        // A phone that was pulled off its cable cannot be told.
        let _ = self.undo();
    }
}

/// Whether the certificate was put there now.
fn trust(phone: &Phone, certificate: &str) -> Result<bool> {
    if android::is_among_the_systems(phone, certificate)? {
        return Ok(false);
    }
    if phone.as_root("id")?.is_none() {
        talk(
            "candor: this phone lets nobody be root; what the app sends can be read only if you installed Candor's \
             certificate (`candor ca install --android`) and the app goes by it, and is sealed otherwise",
        );
        return Ok(false);
    }
    Ok(android::install(phone, certificate)? == Installed::System)
}
