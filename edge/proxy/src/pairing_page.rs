//! The page for a device that is not paired, whatever page it requested.

use model::NoteCode;
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::{
    exchange::connection_context::ConnectionContext,
    http1::head::{self, RequestHead},
    inbound::stream::BufferedStream,
    pairing::{CodeResult, DevicePairing},
};

/// The longest head and the longest form that are read from an unpaired device.
const HEAD: usize = 32 << 10;
const FORM: usize = 1 << 10;
/// The path of the form, on any host.
const PATH: &str = "/candor-pairing";

/// Answers one request with the page, or checks the code in its form.
pub(crate) async fn turn_away(mut conn: BufferedStream, link: &ConnectionContext, pairing: &DevicePairing) {
    let answer = timeout(link.settings().head_time, answer(&mut conn, link, pairing)).await;
    link.note(NoteCode::Unpaired, link.peer.ip().to_canonical().to_string(), 1).await;
    if let Ok(Some(answer)) = answer {
        let _ = conn.write_all(answer.as_bytes()).await;
    }
    let _ = conn.shutdown().await;
}

async fn answer(conn: &mut BufferedStream, link: &ConnectionContext, pairing: &DevicePairing) -> Option<String> {
    let device = link.peer.ip();
    let head = head(conn).await?;
    if head.method == "CONNECT" {
        let says = "This device is not paired with Candor. Open http://candor.test/ on it.\n";
        return Some(reply("403 Forbidden", "text/plain", says));
    }
    let path = head
        .target
        .split_once("://")
        .map_or(head.target.as_str(), |(_, rest)| &rest[rest.find('/').unwrap_or(rest.len())..]);
    if head.method == "POST" && path == PATH {
        let form = form(conn, &head).await?;
        let given = form.split('&').find_map(|field| field.strip_prefix("code=")).unwrap_or_default();
        match pairing.tries(device, given) {
            CodeResult::Paired => return Some(page(PAIRED)),
            CodeResult::Wrong => return Some(page(WRONG)),
            CodeResult::HeardNoMore => return Some(page(NO_MORE)),
            CodeResult::NoCode => {}
        }
    }
    pairing.asks(device);
    Some(page(ASK))
}

/// The head of an unencrypted request; None for anything else.
async fn head(conn: &mut BufferedStream) -> Option<RequestHead> {
    loop {
        if let Some(end) = head::end(&conn.ahead, 0) {
            let raw = conn.ahead.split_to(end);
            return head::request(&raw).ok();
        }
        let is_text = conn.ahead.first().is_none_or(u8::is_ascii_uppercase);
        if !is_text || conn.ahead.len() > HEAD || conn.fill().await.ok()? == 0 {
            return None;
        }
    }
}

async fn form(conn: &mut BufferedStream, head: &RequestHead) -> Option<String> {
    let length: usize = head.fields.text("content-length")?.parse().ok().filter(|length| *length <= FORM)?;
    while conn.ahead.len() < length {
        if conn.fill().await.ok()? == 0 {
            return None;
        }
    }
    String::from_utf8(conn.ahead[..length].to_vec()).ok()
}

const ASK: &str = r#"<p>This device is not yet known to Candor on this network.</p>
<p>Type the code that the computer shows. It is for this device alone.</p>
<form method="post" action="/candor-pairing"><input name="code" inputmode="numeric" autocomplete="off" autofocus maxlength="19" aria-label="code">
<button>Let this device in</button></form>"#;
const WRONG: &str = r#"<p>That was not the code. The computer shows a new one.</p>
<form method="post" action="/candor-pairing"><input name="code" inputmode="numeric" autocomplete="off" autofocus maxlength="19" aria-label="code">
<button>Let this device in</button></form>"#;
const PAIRED: &str = r#"<p>This device is paired until Candor ends. From now on what it sends is recorded.</p>
<p><a href="http://candor.test/">Go on</a></p>"#;
const NO_MORE: &str = "<p>No more codes are taken from this device. Start Candor again to try once more.</p>";

fn page(says: &str) -> String {
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>Candor</title>\
         <style>body{{font:1.1em/1.5 system-ui,sans-serif;max-width:28em;margin:2em auto;padding:0 1em}}\
         input,button{{font:inherit;padding:.6em;margin:.3em 0;width:100%;box-sizing:border-box}}</style><h1>Candor</h1>{says}"
    );
    reply("200 OK", "text/html", &html)
}

fn reply(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'\r\n\
         Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
