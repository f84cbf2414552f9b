//! Starts Chromium: as its desktop entry does, with a profile of its own, with
//! trust in Candor's authority, and under remote control by pipe.
//!
//! Every argument changes the subject. `--no-first-run` and `--headless` make it
//! skip the preferences that its packager set; a proxy setting turns off DNS and
//! QUIC. The remaining arguments are needed for remote control, and the reference
//! arm shows whether they change anything. Further arguments of a scenario or an
//! edition are in `args` and become a condition of the run.

use model::Mode;
use serde_json::{Map, Value, json};

use super::first_run;
use crate::{
    Error,
    cell::{Cell, CellProgram, ProgramPipes, find},
    drivers::{
        launch::{LaunchSpec, LaunchTrust, ProxyRoute, WindowMode},
        trust,
    },
};

/// Prepares profile and trust, and returns the command line.
pub(super) async fn prepare(cell: &Cell, launch: &LaunchSpec) -> Result<CellProgram, Error> {
    if find(&launch.program.to_string_lossy()).is_none() {
        let program = launch.program.display().to_string();
        return Err(Error::Missing { program, package: "chromium" });
    }
    if let LaunchTrust::Authority(pem) = &launch.trust {
        trust::add_to_all(cell, &launch.nss, pem).await?;
    }
    preset(cell, launch).await?;
    Ok(program(cell, launch))
}

fn program(cell: &Cell, launch: &LaunchSpec) -> CellProgram {
    let profile = cell.home().join(&launch.profile);
    let mut args = launch.entry_args.clone();
    // Chromium refuses remote control on the default profile folder.
    args.push(format!("--user-data-dir={}", profile.display()));
    args.push("--remote-debugging-pipe".to_owned());
    if !launch.extensions.is_empty() {
        args.push("--enable-unsafe-extension-debugging".to_owned());
    }
    if launch.route == ProxyRoute::ProxySetting {
        args.push(format!("--proxy-server=http://{}", cell.proxy()));
        // Otherwise requests to loopback would bypass the proxy.
        args.push("--proxy-bypass-list=<-loopback>".to_owned());
    }
    if launch.window == WindowMode::Headless {
        args.push("--headless=new".to_owned());
    }
    if launch.mode == Mode::Private {
        args.push("--incognito".to_owned());
    }
    if let LaunchTrust::Key(digest) = &launch.trust {
        args.push(format!("--ignore-certificate-errors-spki-list={digest}"));
    }
    if let Some(netlog) = &launch.netlog {
        args.push(format!("--log-net-log={}", cell.home().join(netlog).display()));
        args.push("--net-log-capture-mode=Everything".to_owned());
    }
    args.extend(launch.args.iter().cloned());
    let mut program = CellProgram::new(&launch.program).args(args).pipes(ProgramPipes::Remote);
    if let WindowMode::On(display) = &launch.window {
        program = program.env("DISPLAY", display);
    }
    program.env.extend(launch.env.iter().cloned());
    program
}

async fn preset(cell: &Cell, launch: &LaunchSpec) -> Result<(), Error> {
    let file = format!("{}/Default/Preferences", launch.profile);
    if launch.preferences.is_null() || cell.read(&file).await.is_ok() {
        return Ok(());
    }
    let all = first_run::initial_preferences(&launch.program, &nested(&launch.preferences));
    cell.write(&file, all.to_string()).await?;
    cell.write(format!("{}/{}", launch.profile, first_run::SENTINEL), "").await.map(drop)
}

/// Turns preferences with dotted names into nested objects, as Chromium's file has them.
fn nested(preferences: &Value) -> Value {
    let mut all = json!({});
    for (name, value) in preferences.as_object().into_iter().flatten() {
        let mut place = &mut all;
        for part in name.split('.') {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[part];
        }
        *place = value.clone();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dotted_name_is_a_path() {
        let said = json!({"search.suggest_enabled": false, "search.other": 1, "plain": {"x": true}});
        assert_eq!(nested(&said), json!({"search": {"suggest_enabled": false, "other": 1}, "plain": {"x": true}}));
    }
}
