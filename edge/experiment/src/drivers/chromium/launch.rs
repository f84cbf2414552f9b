//! How Chromium is started: as it is, on Candor's proxy, with a profile of its
//! own, trusting Candor's authority, and under remote control by pipe.
//!
//! Nothing is switched off for quiet: what a browser does by itself is what
//! the experiment is about. A scenario that needs a feature off says so in
//! `args`, and it becomes a condition of the run.

use model::Mode;
use serde_json::{Map, Value, json};

use crate::{
    Error,
    cell::{Cell, Pipes, Program, find},
    drivers::{
        launch::{Launch, Trust, Window},
        trust,
    },
};

/// Makes profile and trust ready, and gives the command line.
pub(super) async fn prepare(cell: &Cell, launch: &Launch) -> Result<Program, Error> {
    if find(&launch.program.to_string_lossy()).is_none() {
        let program = launch.program.display().to_string();
        return Err(Error::Missing { program, package: "chromium" });
    }
    if let Trust::Authority(pem) = &launch.trust {
        trust::add(cell, ".pki/nssdb", pem).await?;
    }
    preset(cell, launch).await?;
    Ok(program(cell, launch))
}

fn program(cell: &Cell, launch: &Launch) -> Program {
    let profile = cell.home().join(&launch.profile);
    let mut args = vec![
        format!("--user-data-dir={}", profile.display()),
        "--no-first-run".to_owned(),
        format!("--proxy-server=http://{}", cell.proxy()),
        // Without this, pages on the loopback would go past the proxy.
        "--proxy-bypass-list=<-loopback>".to_owned(),
        "--remote-debugging-pipe".to_owned(),
        "--enable-unsafe-extension-debugging".to_owned(),
        "--password-store=basic".to_owned(),
        "--window-position=0,0".to_owned(),
        "--window-size=1280,800".to_owned(),
    ];
    if launch.window == Window::Headless {
        args.push("--headless=new".to_owned());
    }
    if launch.mode == Mode::Private {
        args.push("--incognito".to_owned());
    }
    if let Trust::Key(digest) = &launch.trust {
        args.push(format!("--ignore-certificate-errors-spki-list={digest}"));
    }
    if let Some(netlog) = &launch.netlog {
        args.push(format!("--log-net-log={}", cell.home().join(netlog).display()));
        args.push("--net-log-capture-mode=Everything".to_owned());
    }
    args.extend(launch.args.iter().cloned());
    args.push("about:blank".to_owned());
    let mut program = Program::new(&launch.program).args(args).pipes(Pipes::Remote);
    if let Window::On(display) = &launch.window {
        program = program.env("DISPLAY", display);
    }
    program.env.extend(launch.env.iter().cloned());
    program
}

async fn preset(cell: &Cell, launch: &Launch) -> Result<(), Error> {
    let file = format!("{}/Default/Preferences", launch.profile);
    if launch.preferences.is_null() || cell.read(&file).await.is_ok() {
        return Ok(());
    }
    cell.write(&file, nested(&launch.preferences).to_string()).await.map(drop)
}

/// Preferences are said by dotted names and written as objects in objects.
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
