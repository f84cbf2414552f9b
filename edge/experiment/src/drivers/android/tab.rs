//! A private tab that an intent opened empty. The DevTools socket of the app then
//! loads pages in it.
//!
//! The driver checks that the tab is private: ordinary tabs share one browser
//! context, and a private tab has another.

use std::{collections::BTreeSet, time::Duration};

use adb::Phone;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::AndroidApp;
use crate::{
    Error,
    rpc::{RpcClient, websocket},
};

/// Attempts, and the time between them: an app opens its socket or a tab with delay.
const LOOKS: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(300);

/// Limits on the answer to `/json/version`, which is a few lines long.
const LONGEST: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(5);

/// The `Host` header that DevTools accepts; it refuses the names of web pages.
const HOST: &str = "localhost";

pub(super) struct AppTab {
    rpc: RpcClient,
    session: String,
}

/// One page of the app.
struct AppPage {
    id: String,
    context: String,
}

impl AppTab {
    /// Opens a private tab. None: no tab is known to be private.
    pub(super) async fn open(app: &AndroidApp, action: &str, socket: &str) -> Result<Option<Self>, Error> {
        let Some(rpc) = reach(app, socket).await else { return Ok(None) };
        // The icon has opened the present pages, so they are in ordinary tabs.
        let before = pages(&rpc).await?;
        let ordinary: BTreeSet<&str> = before.iter().map(|page| page.context.as_str()).collect();
        if ordinary.is_empty() {
            return Ok(None);
        }
        let action = action.to_owned();
        app.told(move |phone, package| phone.shell(&["am", "start", "-a", &action, package])).await?;
        for _ in 0..LOOKS {
            let new = pages(&rpc).await?.into_iter().find(|page| !ordinary.contains(page.context.as_str()));
            if let Some(AppPage { id, .. }) = new {
                let attached =
                    rpc.call(None, "Target.attachToTarget", json!({"targetId": id, "flatten": true})).await?;
                return Ok(attached["sessionId"].as_str().map(|session| Self { session: session.to_owned(), rpc }));
            }
            sleep(BETWEEN).await;
        }
        Ok(None)
    }

    /// Loads a page in the tab; returns the reason if that failed.
    pub(super) async fn load(&self, url: &str) -> Result<Option<String>, Error> {
        let loaded = self.rpc.call(Some(&self.session), "Page.navigate", json!({"url": url})).await?;
        Ok(loaded["errorText"].as_str().map(str::to_owned))
    }
}

async fn reach(AndroidApp { phone, package, .. }: &AndroidApp, socket: &str) -> Option<RpcClient> {
    for _ in 0..LOOKS {
        if let Some(mut asked) = connect(phone, socket).await
            && let Ok(Some(path)) = timeout(PATIENCE, way_in(&mut asked, package)).await
            && let Some(stream) = connect(phone, socket).await
            && let Ok(wire) = websocket::wire(stream, HOST, &path).await
        {
            return Some(RpcClient::over(wire).0);
        }
        sleep(BETWEEN).await;
    }
    None
}

async fn connect(phone: &Phone, socket: &str) -> Option<TcpStream> {
    let (phone, socket) = (phone.clone(), socket.to_owned());
    let stream = super::told(move || phone.socket(&socket)).await.ok()?;
    stream.set_nonblocking(true).ok()?;
    TcpStream::from_std(stream).ok()
}

/// The path of the browser's DevTools endpoint; some apps change it at each start.
/// Apps built from the same source open a socket of the same name, and the first
/// one gets it. So the answer's package name is compared.
async fn way_in(stream: &mut TcpStream, package: &str) -> Option<String> {
    let asked = format!("GET /json/version HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.ok()?;
    let mut said = Vec::new();
    while said.len() < LONGEST && stream.read_buf(&mut said).await.ok()? > 0 {
        let body = said.windows(4).position(|four| four == b"\r\n\r\n").map_or(&[][..], |at| &said[at + 4..]);
        if let Ok(version) = serde_json::from_slice::<Value>(body) {
            if version["Android-Package"].as_str().is_some_and(|whose| whose != package) {
                return None;
            }
            let (_, rest) = version["webSocketDebuggerUrl"].as_str()?.split_once("://")?;
            return rest.find('/').map(|at| rest[at..].to_owned());
        }
    }
    None
}

async fn pages(rpc: &RpcClient) -> Result<Vec<AppPage>, Error> {
    let all = rpc.call(None, "Target.getTargets", json!({})).await?;
    let page = |target: &Value| {
        let text = |name: &str| target[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        (target["type"] == "page")
            .then(|| Some(AppPage { id: text("targetId")?, context: text("browserContextId")? }))?
    };
    Ok(all["targetInfos"].as_array().into_iter().flatten().filter_map(page).collect())
}
