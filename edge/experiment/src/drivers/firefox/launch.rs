//! Starts Firefox: as its desktop entry does, with a profile of its own, with
//! trust in Candor's authority, and under remote control.

use model::Mode;
use serde_json::{Value, json};

use crate::{
    Error,
    cell::{Cell, CellProgram, find},
    drivers::{
        launch::{LaunchSpec, LaunchTrust, ProxyRoute, WindowMode},
        trust,
    },
};

/// Prepares profile and trust, and returns the command line.
pub(super) async fn prepare(cell: &Cell, launch: &LaunchSpec) -> Result<CellProgram, Error> {
    if find(&launch.program.to_string_lossy()).is_none() {
        let program = launch.program.display().to_string();
        return Err(Error::Missing { program, package: "firefox-esr" });
    }
    if let LaunchTrust::Authority(pem) = &launch.trust {
        trust::add(cell, &launch.profile, pem).await?;
    }
    cell.write(format!("{}/user.js", launch.profile), user_js(cell, launch)).await?;
    Ok(program(cell, launch))
}

/// The `user.js` file: Firefox reads it at every start, and it overrides the profile.
fn user_js(cell: &Cell, launch: &LaunchSpec) -> String {
    let mut preferences = json!({
        // Otherwise remote control turns off features that the audit is to observe.
        "remote.prefs.recommended": false,
        // Makes every window private, or none. `false` must be set, too: the profile
        // may have been private before.
        "browser.privatebrowsing.autostart": launch.mode == Mode::Private,
    });
    if launch.route == ProxyRoute::ProxySetting {
        through_proxy(&mut preferences, cell.proxy());
    }
    if let (Value::Object(all), Value::Object(wished)) = (&mut preferences, &launch.preferences) {
        all.extend(wished.clone());
    }
    let lines = preferences.as_object().into_iter().flatten();
    lines.map(|(name, value)| format!("user_pref({}, {value});\n", Value::from(name.as_str()))).collect()
}

fn through_proxy(preferences: &mut Value, proxy: std::net::SocketAddr) {
    let (host, port) = (proxy.ip().to_string(), proxy.port());
    let settings = json!({
        "network.proxy.type": 1,
        "network.proxy.http": host,
        "network.proxy.http_port": port,
        "network.proxy.ssl": host,
        "network.proxy.ssl_port": port,
        "network.proxy.no_proxies_on": "",
        "network.proxy.allow_hijacking_localhost": true,
    });
    if let (Value::Object(all), Value::Object(settings)) = (preferences, settings) {
        all.extend(settings);
    }
}

fn program(cell: &Cell, launch: &LaunchSpec) -> CellProgram {
    let profile = cell.home().join(&launch.profile).display().to_string();
    let mut program = CellProgram::new(&launch.program)
        .args(launch.entry_args.iter().cloned())
        .args(["--no-remote", "--profile", &profile, "--remote-debugging-port", "0"])
        .args(launch.args.iter().cloned());
    match &launch.window {
        WindowMode::Headless => program = program.args(["--headless"]),
        WindowMode::On(display) => program = program.env("DISPLAY", display),
    }
    program.env.extend(launch.env.iter().cloned());
    program
}
