//! `candor ca`: the certificate authority of capture and guard.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::{
    exit::{ExitStatus, print, talk},
    live::{authority, folder, undo_journal},
    trust::{
        android::{self, InstallResult},
        debian::DebianStore,
        nss::{self, NssOwner},
    },
};

/// Show, install or remove the certificate authority of capture and guard
///
/// Candor reads encrypted traffic by answering with certificates of its own.
/// Their authority is made once for each person, on this machine, and its key
/// never leaves it. Only what is told to trust it can be read.
#[derive(Debug, clap::Args)]
pub struct CaArgs {
    #[command(subcommand)]
    what: CaCommand,
}

#[derive(Debug, clap::Subcommand)]
enum CaCommand {
    Show(CaShowArgs),
    Install(CaInstallArgs),
    Remove(CaRemoveArgs),
}

/// Show the certificate, its fingerprint, and where it is kept
#[derive(Debug, clap::Args)]
struct CaShowArgs {
    /// Print the certificate alone, as PEM
    #[arg(long)]
    pem: bool,
}

/// Let browsers, this machine or a phone trust it
///
/// Whoever has the authority's key could read what trusts it, so install it
/// where you want to look, and remove it when you have looked. Without options:
/// Chromium and Firefox of this person.
#[derive(Debug, clap::Args)]
struct CaInstallArgs {
    #[command(flatten)]
    stores: StoreArgs,
}

/// Let them no longer trust it
///
/// Without options: wherever on this machine it was installed.
#[derive(Debug, clap::Args)]
struct CaRemoveArgs {
    #[command(flatten)]
    stores: StoreArgs,
    /// Destroy the authority itself, with its key; the next start makes another
    #[arg(long)]
    authority: bool,
}

#[derive(Debug, clap::Args)]
struct StoreArgs {
    /// Every Chromium of this person (the NSS database below ~/.pki); needs certutil, and Chromium started again
    #[arg(long)]
    chromium: bool,
    /// Every Firefox profile of this person (its own NSS database); needs certutil, and Firefox started again
    #[arg(long)]
    firefox: bool,
    /// The whole machine (Debian's /usr/local/share/ca-certificates): curl, Python, most programs; needs root
    #[arg(long)]
    system: bool,
    /// A phone on the cable, by adb: by Candor itself where it may be root, otherwise you install a file in its settings
    ///
    /// With root it is put among the system's certificates, which apps go by, until the phone is restarted, and among
    /// the person's own, which Chrome and its kin go by, until it is removed.
    ///
    /// Without root the file is put into the phone's downloads, and you install it: Settings > Security > Encryption >
    /// Install a certificate > CA certificate. Since Android 11 no program may do that for you. Chrome and
    /// other browsers made of Chromium then go by it. Apps made for Android 7 or later (API 24) do not unless they say
    /// so: what they send stays sealed.
    ///
    /// Firefox has to be told, with and without root: Settings > About Firefox, tap its sign five times, back, Secret
    /// Settings > Use third party CA certificates.
    #[arg(long, value_name = "SERIAL", num_args = 0..=1)]
    android: Option<Option<String>>,
}

/// The way in Firefox's settings that makes it trust the phone's user store.
const FIREFOX: &str =
    "Settings > About Firefox, tap its sign five times, back, Secret Settings > Use third party CA certificates";

impl StoreArgs {
    fn is_empty(&self) -> bool {
        !self.chromium && !self.firefox && !self.system && self.android.is_none()
    }

    fn browsers(&self) -> Vec<(NssOwner, &'static str)> {
        let all = self.is_empty();
        let mut browsers = Vec::new();
        if self.chromium || all {
            browsers.push((NssOwner::Chromium, "Chromium"));
        }
        if self.firefox || all {
            browsers.push((NssOwner::Firefox, "Firefox"));
        }
        browsers
    }
}

impl CaArgs {
    pub fn run(self) -> Result<ExitStatus> {
        match self.what {
            CaCommand::Show(show) => show.run(),
            CaCommand::Install(install) => install.run(),
            CaCommand::Remove(remove) => remove.run(),
        }
    }
}

impl CaShowArgs {
    fn run(&self) -> Result<ExitStatus> {
        let home = folder::of_the_person()?;
        let authority = authority::kept(&home)?;
        if self.pem {
            print(authority.cert_pem());
            return Ok(ExitStatus::Clean);
        }
        print(&format!("{}\n  SHA-256 {}\n", authority::file(&home).display(), authority.fingerprint()));
        Ok(ExitStatus::Clean)
    }
}

impl CaInstallArgs {
    fn run(&self) -> Result<ExitStatus> {
        let authority = authority::kept(&folder::of_the_person()?)?;
        let certificate = authority.cert_pem();
        let mut done = 0;
        for (whose, name) in self.stores.browsers() {
            for database in nss::databases_or_new(whose)? {
                nss::install(&database, certificate)?;
                print(&format!("{name} trusts it: {}\n", database.display()));
                done += 1;
            }
        }
        if self.stores.system {
            let file = store().install(certificate)?;
            print(&format!("this machine trusts it: {}\n", file.display()));
            done += 1;
        }
        if let Some(serial) = &self.stores.android {
            let phone = phone(serial.as_deref())?;
            let says = match android::install(&phone, certificate)? {
                InstallResult::Stores => {
                    "trusts it: apps until it is restarted, Chrome and its kin until it is removed".to_owned()
                }
                InstallResult::Download(file) => format!(
                    "has it as {file}. On the phone: Settings > Security > Encryption > Install a certificate > CA certificate; \
                     then browsers go by it, and most other apps do not"
                ),
            };
            print(&format!("the phone {} {says}\n", phone.serial()));
            talk(&format!("  Firefox on the phone has to be told: {FIREFOX}"));
            done += 1;
        }
        if done == 0 {
            bail!(
                "no Firefox profile of this person was found, so nothing trusts it yet; start Firefox once, or see candor ca install --help"
            );
        }
        print(&format!("  SHA-256 {}\n", authority.fingerprint()));
        talk("  candor ca remove takes it back; a browser that runs has to be started again");
        Ok(ExitStatus::Clean)
    }
}

impl CaRemoveArgs {
    /// Goes on after an error. The key comes first, because no other program is needed for it.
    fn run(&self) -> Result<ExitStatus> {
        let outcomes = [self.key(), self.system(), self.phone(), self.browsers()];
        let done: usize = outcomes.iter().flatten().sum();
        let mut failures = outcomes.into_iter().filter_map(Result::err);
        if let Some(first) = failures.next() {
            failures.for_each(|other| talk(&format!("candor: {other:#}")));
            return Err(first);
        }
        if done == 0 {
            talk("candor: it was installed nowhere that was looked at");
        }
        Ok(ExitStatus::Clean)
    }

    fn key(&self) -> Result<usize> {
        if !self.authority {
            return Ok(0);
        }
        let file = authority::file(&folder::of_the_person()?);
        if !file.exists() {
            return Ok(0);
        }
        std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        print(&format!("{} is destroyed\n", file.display()));
        Ok(1)
    }

    fn system(&self) -> Result<usize> {
        let wanted = self.stores.system || self.stores.is_empty();
        if !wanted || !store().remove()? {
            return Ok(0);
        }
        print("this machine no longer trusts it\n");
        Ok(1)
    }

    fn phone(&self) -> Result<usize> {
        let Some(serial) = &self.stores.android else { return Ok(0) };
        let phone = phone(serial.as_deref())?;
        print(&format!("the phone {}: {}\n", phone.serial(), android::remove(&phone)?));
        Ok(1)
    }

    fn browsers(&self) -> Result<usize> {
        let mut done = 0;
        for (whose, name) in self.stores.browsers() {
            for database in nss::databases(whose)? {
                if nss::remove(&database)? {
                    print(&format!("{name} no longer trusts it: {}\n", database.display()));
                    done += 1;
                }
            }
        }
        Ok(done)
    }
}

/// A phone that adb reaches, after the changes of killed runs to it were undone.
fn phone(serial: Option<&str>) -> Result<adb::Phone> {
    let phone = adb::AdbServer::local().phone(serial)?;
    undo_journal::settle(&folder::of_the_person()?, &phone)?;
    Ok(phone)
}

/// The machine's own store. Tests and images set another root by `CANDOR_SYSROOT`.
fn store() -> DebianStore {
    DebianStore(std::env::var_os("CANDOR_SYSROOT").map_or_else(|| PathBuf::from("/"), PathBuf::from))
}
