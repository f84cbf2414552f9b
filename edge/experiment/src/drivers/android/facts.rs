//! Identity of an app and of its phone, as the phone reports them.

use adb::Phone;

/// Identity of an app and of its phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppFacts {
    /// `124.0.6367.82 (636708233)`
    pub version: String,
    /// SHA-256 of its base package, in hex.
    pub digest: String,
    /// `Xiaomi Mi A1, Android 10`
    pub phone: String,
    /// Sentences on who signed and who installed the app, and whether it is preinstalled.
    pub origin: Vec<String>,
}

/// Package names of known app stores, and what the report calls them.
const INSTALLERS: [(&str, &str); 7] = [
    ("com.android.vending", "the store Google Play"),
    ("org.fdroid.fdroid", "the store F-Droid"),
    ("com.sec.android.app.samsungapps", "the store of Samsung"),
    ("com.huawei.appmarket", "the store of Huawei"),
    ("com.amazon.venezia", "the store of Amazon"),
    ("com.xiaomi.mipicks", "the store of Xiaomi"),
    ("com.xiaomi.discover", "Xiaomi's updater of its own apps"),
];

impl AppFacts {
    /// Reads them from the phone. An app that is not there is an error.
    pub(super) fn of(phone: &Phone, package: &str) -> Result<Self, adb::Error> {
        // The base package comes first, split packages for this phone follow.
        let paths = phone.shell(&["pm", "path", package])?;
        let path = paths.text.lines().find_map(|line| line.trim().strip_prefix("package:"));
        let Some(path) = path.filter(|_| paths.status == 0) else {
            return Err(adb::Error::Command(format!("pm path {package}"), "this app is not on the phone".into()));
        };
        let sum = phone.run(&["sha256sum", path])?;
        let about = phone.run(&["dumpsys", "package", package])?;
        let property = |name: &str| phone.run(&["getprop", name]).map(|value| value.trim().to_owned());
        Ok(Self {
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
    }
}

/// The lines of `dumpsys package` on the app in use. Below "Hidden system
/// packages" follows the preinstalled version, which an update replaced.
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
