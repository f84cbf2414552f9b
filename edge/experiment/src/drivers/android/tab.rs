//! A private tab that was opened from outside, empty, and is told by the app's
//! socket for developers what to load.
//!
//! That it is private is looked at, not believed: pages of ordinary tabs are of
//! one context, and this one's is another.

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

/// An app takes a moment to open its socket, and a tab.
const LOOKS: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(300);

/// An answer is a few lines, and comes at once.
const LONGEST: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(5);

/// The app answers those only who call it so: pages of the web do not.
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
    /// Opens one. None: the app showed none that is known to be private.
    pub(super) async fn open(app: &AndroidApp, action: &str, socket: &str) -> Result<Option<Self>, Error> {
        let Some(rpc) = reach(app, socket).await else { return Ok(None) };
        // What there is now was opened as the icon does: in ordinary tabs.
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

    /// Loads a page in it; says why that failed, if it did.
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

/// Where the app as a whole is spoken to: some name it anew at each start. Apps
/// made of the same source open a socket of the same name, the first to come has it.
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
