//! Loads extensions into Chromium at its start, for normal and private windows.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{Error, cell::Cell, rpc::RpcClient};

/// Loads the extension in `folder`, and returns its id once its worker listens.
pub(super) async fn load(rpc: &RpcClient, cell: &Cell, folder: &Path) -> Result<String, Error> {
    let manifest: Value = serde_json::from_slice(&cell.read(folder.join("manifest.json")).await?).unwrap_or_default();
    let wish = json!({"path": folder.display().to_string(), "enableInIncognito": true});
    let loaded = rpc.call(None, "Extensions.loadUnpacked", wish).await?;
    let id = loaded["id"].as_str().unwrap_or_default().to_owned();
    if manifest["background"]["service_worker"].is_string() {
        listening(rpc, &id).await?;
    }
    Ok(id)
}

/// Waits until the extension's worker runs, and a moment longer: its script must
/// run once before it has registered its listeners, and it would miss the first
/// visit. Attaching to the worker would show this moment exactly, but a worker that
/// was attached to falls asleep early afterwards, and loses its timers.
async fn listening(rpc: &RpcClient, id: &str) -> Result<(), Error> {
    let address = format!("chrome-extension://{id}/");
    for _ in 0..300 {
        let workers = rpc.call(None, "Target.getTargets", json!({"filter": [{"type": "service_worker"}]})).await?;
        let mut workers = workers["targetInfos"].as_array().into_iter().flatten();
        if workers.any(|worker| worker["url"].as_str().is_some_and(|url| url.starts_with(&address))) {
            sleep(Duration::from_millis(500)).await;
            return Ok(());
        }
        sleep(Duration::from_millis(50)).await;
    }
    Err(Error::Refused { program: "the extension".to_owned(), says: "its worker did not start".to_owned() })
}
