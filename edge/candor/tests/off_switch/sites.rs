//! Sites that do what ordinary sites do, and a page for each thing done.

use std::io::Write;

use bytes::Bytes;
use model::Request;
use proxy::{AnswerProvider, StaticResponse};

/// Everything that pages do here.
pub const WHAT: [&str; 22] = [
    "login",
    "form-and-redirect",
    "upload",
    "large-upload",
    "download",
    "video-range",
    "websocket",
    "cors",
    "other-methods",
    "service-worker",
    "payment-in-a-frame",
    "frame-across-sites",
    "events",
    "stream",
    "packed-answer",
    "not-modified",
    "beacon-to-a-tracker",
    "picture-with-the-whole-address",
    "script-that-names-another",
    "worker",
    "history",
    "search",
];

/// The hosts, by what they are for.
pub const NAMES: [&str; 6] = ["site", "api", "pay", "cdn", "bank", "stats"];

pub fn host(name: &str) -> String {
    format!("{name}-qwertzuiopas.com")
}

/// All of them.
pub struct Sites;

impl AnswerProvider for Sites {
    fn answer(&self, request: &Request) -> StaticResponse {
        let rest = request.url.split_once("://").map_or("", |(_, rest)| rest);
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = path.split('?').next().unwrap_or_default();
        let name = host.split('-').next().unwrap_or_default();
        match (name, path) {
            ("site", path) if WHAT.iter().any(|what| path == format!("/{what}")) => page(&path[1..]),
            ("site", path) => site(request, path),
            ("api", _) => api(request),
            ("pay" | "bank", _) => pay(name, request, path),
            ("cdn", _) => cdn(path),
            _ => StaticResponse::sinkhole(204, "text/plain", "").with("Access-Control-Allow-Origin", "*"),
        }
    }

    fn message(&self, _: &Request, message: &[u8]) -> Option<Bytes> {
        Some([b"heard ", message].concat().into())
    }
}

fn page(what: &str) -> StaticResponse {
    let act = acts(what);
    let frame = match what {
        "payment-in-a-frame" => format!("<iframe src='https://{}/frame'></iframe>", host("pay")),
        "frame-across-sites" => format!("<iframe src='https://{}/away'></iframe>", host("pay")),
        _ => String::new(),
    };
    let script = format!(
        "const said = new Promise(done => addEventListener('message', event => done(event.data), {{once: true}}));
         const sure = (so, text) => {{ if (!so) throw text; return 'fine ' + text; }};
         window.outcome = (async () => {{ {act} }})();"
    );
    StaticResponse::sinkhole(
        200,
        "text/html",
        format!("<!doctype html><title>{what}</title><script>{script}</script>{frame}"),
    )
}

/// What the page's script does; its value starts with `fine`.
fn acts(what: &str) -> String {
    let [api, cdn, stats] = ["api", "cdn", "stats"].map(host);
    match what {
        "login" => "await fetch('/session', {method: 'POST', body: JSON.stringify({user: 'jo', password: 'a long secret'})});
            const me = await (await fetch('/me')).text(); return sure(me === 'jo', me);".to_owned(),
        "form-and-redirect" => "const answer = await fetch('/sent', {method: 'POST', body: new URLSearchParams({address: location.href})});
            return sure(answer.redirected && answer.url.endsWith('/thanks'), await answer.text());".to_owned(),
        "upload" => "const form = new FormData(); form.append('page', location.href);
            form.append('file', new Blob([new Uint8Array(300000).map((_, i) => i * i % 251)]), 'a.bin');
            const answer = await (await fetch('/length', {method: 'POST', body: form})).text(); return sure(answer > 300000, answer);".to_owned(),
        "large-upload" => "const body = new Uint8Array(3000000).map((_, i) => i * i % 251);
            const answer = await (await fetch('/length', {method: 'POST', body})).text(); return sure(answer === '3000000', answer);".to_owned(),
        "download" => "const answer = await fetch('/file.bin'); const bytes = await answer.arrayBuffer();
            return sure(bytes.byteLength === 100000 && answer.headers.get('content-disposition') !== null, String(bytes.byteLength));".to_owned(),
        "video-range" => "const answer = await fetch('/video.mp4', {headers: {Range: 'bytes=1000-1999'}});
            return sure(answer.status === 206 && (await answer.arrayBuffer()).byteLength === 1000, answer.headers.get('content-range'));".to_owned(),
        "websocket" => "const socket = new WebSocket(`wss://${location.host}/socket`); socket.onopen = () => socket.send(location.href);
            const heard = await new Promise((done, failed) => { socket.onmessage = e => done(e.data); socket.onerror = failed; });
            socket.close(); return sure(heard === 'heard ' + location.href, heard);".to_owned(),
        "cors" => format!("const answer = await fetch('https://{api}/thing', {{method: 'PUT', headers: {{'X-Page': location.href}}, body: '{{}}'}});
            return sure(answer.ok, await answer.text());"),
        "other-methods" => "const all = []; for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS'])
            all.push(await (await fetch('/method', {method, body: method === 'PUT' ? 'x' : undefined})).text());
            return sure(all.join() === 'PUT,PATCH,DELETE,OPTIONS', all.join());".to_owned(),
        "service-worker" => "await navigator.serviceWorker.register('/service.js'); await navigator.serviceWorker.ready;
            await new Promise(done => navigator.serviceWorker.controller ? done() : navigator.serviceWorker.oncontrollerchange = done);
            const text = await (await fetch('/through-the-worker')).text(); await (await navigator.serviceWorker.ready).unregister();
            return sure(text === 'by way of the worker', text);".to_owned(),
        "payment-in-a-frame" | "frame-across-sites" => "const paid = await said; return sure(paid.startsWith('paid'), paid);".to_owned(),
        "events" => "const source = new EventSource('/happenings'); const first = await new Promise(done => source.onmessage = e => done(e.data));
            source.close(); return sure(first === 'one', first);".to_owned(),
        "stream" => "const reader = (await fetch('/file.bin?stream')).body.getReader(); let length = 0;
            for (let part = await reader.read(); !part.done; part = await reader.read()) length += part.value.length;
            return sure(length === 100000, String(length));".to_owned(),
        "packed-answer" => "const text = await (await fetch('/packed')).text(); return sure(text === 'unpacked', text);".to_owned(),
        "not-modified" => "const one = await fetch('/kept', {cache: 'no-cache'}); await one.text();
            const two = await fetch('/kept', {cache: 'no-cache'}); return sure(two.status === 200, await two.text());".to_owned(),
        "beacon-to-a-tracker" => format!("return sure(navigator.sendBeacon('https://{stats}/collect', JSON.stringify({{page: location.href}})), 'sent');"),
        "picture-with-the-whole-address" => format!("const picture = new Image(); picture.referrerPolicy = 'unsafe-url';
            picture.src = 'https://{cdn}/picture.svg?of=' + encodeURIComponent(location.href); await picture.decode();
            return sure(picture.naturalWidth === 8, String(picture.naturalWidth));"),
        "script-that-names-another" => format!("const script = document.createElement('script'); script.src = 'https://{cdn}/script.js';
            const loaded = new Promise(done => script.onload = done); document.head.append(script); await loaded;
            const text = await window.named(); return sure(text === 'a thing', text);"),
        "worker" => "const worker = new Worker('/worker.js'); worker.postMessage(location.href);
            const text = await new Promise(done => worker.onmessage = e => done(e.data)); return sure(text === '35', text);".to_owned(),
        "history" => "history.pushState({}, '', '/history/made-by-script-4712?of=finukgurmann');
            const text = await (await fetch('/length', {method: 'POST', body: location.href})).text(); return sure(text > 0, text);".to_owned(),
        "search" => "history.replaceState({}, '', '/search?q=rash+on+left+hand'); const answer = await fetch('/suggest?q=rash+on+left+hand');
            return sure(answer.ok, await answer.text());".to_owned(),
        _ => "throw 'nothing to do'".to_owned(),
    }
}

fn site(request: &Request, path: &str) -> StaticResponse {
    let text = |text: &str| StaticResponse::sinkhole(200, "text/plain", text.to_owned());
    let cookie = request.header("cookie").is_some_and(|cookie| cookie.starts_with(b"session=jo"));
    match path {
        "/session" => text("in").with("Set-Cookie", "session=jo; Secure; HttpOnly; SameSite=Lax; Path=/"),
        "/me" => text(if cookie { "jo" } else { "nobody" }),
        "/sent" => StaticResponse::sinkhole(303, "text/plain", "").with("Location", "/thanks"),
        "/length" => text(&request.body.bytes.len().to_string()),
        "/method" => text(&request.method),
        "/file.bin" => {
            StaticResponse::sinkhole(200, "application/octet-stream", vec![7; 100_000]).with("Content-Disposition", "attachment")
        }
        "/video.mp4" => match request.header("range") {
            Some(_) => StaticResponse::sinkhole(206, "video/mp4", vec![0; 1_000]).with("Content-Range", "bytes 1000-1999/9000"),
            None => StaticResponse::sinkhole(200, "video/mp4", vec![0; 9_000]),
        },
        "/service.js" => script(
            "addEventListener('install', () => skipWaiting()); addEventListener('activate', e => e.waitUntil(clients.claim()));
             addEventListener('fetch', e => { if (e.request.url.endsWith('/through-the-worker')) e.respondWith(fetch('/of-the-worker')); });",
        ),
        "/of-the-worker" => text("by way of the worker"),
        "/worker.js" => script(
            "onmessage = async e => postMessage(await (await fetch('/length', {method: 'POST', body: e.data.slice(0, 35)})).text());",
        ),
        "/happenings" => StaticResponse::sinkhole(200, "text/event-stream", "data: one\n\n"),
        "/packed" => StaticResponse::sinkhole(200, "text/plain", gzip("unpacked")).with("Content-Encoding", "gzip"),
        "/kept" if request.header("if-none-match").is_some() => {
            StaticResponse::sinkhole(304, "text/plain", "").with("ETag", "\"1\"")
        }
        "/kept" => text("kept").with("ETag", "\"1\""),
        _ => text("well"),
    }
}

fn api(request: &Request) -> StaticResponse {
    let reply = match request.method.as_str() {
        "OPTIONS" => StaticResponse::sinkhole(204, "text/plain", "").with("Access-Control-Allow-Methods", "PUT"),
        _ => StaticResponse::sinkhole(200, "text/plain", "a thing"),
    };
    reply.with("Access-Control-Allow-Origin", "*").with("Access-Control-Allow-Headers", "x-page")
}

/// A form for a card in a frame, and a bank that it goes on to.
fn pay(name: &str, request: &Request, path: &str) -> StaticResponse {
    let tell = "(top ?? parent).postMessage('paid by ' + location.host, '*')";
    match (name, path) {
        ("pay", "/frame") => StaticResponse::sinkhole(
            200,
            "text/html",
            "<form method=post action=/card><input name=card value=4242424242424242></form><script>document.forms[0].submit()</script>",
        ),
        ("pay", "/away") => {
            StaticResponse::sinkhole(302, "text/html", "").with("Location", &format!("https://{}/check", host("bank")))
        }
        (_, "/card") if !request.body.bytes.starts_with(b"card=4242") => {
            StaticResponse::sinkhole(400, "text/html", "no card")
        }
        _ => StaticResponse::sinkhole(200, "text/html", format!("<script>{tell}</script>")),
    }
}

fn cdn(path: &str) -> StaticResponse {
    match path {
        "/picture.svg" => StaticResponse::sinkhole(
            200,
            "image/svg+xml",
            "<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'><rect width='8' height='8'/></svg>",
        ),
        _ => script(&format!("window.named = async () => (await fetch('https://{}/named')).text();", host("api"))),
    }
}

fn script(text: &str) -> StaticResponse {
    StaticResponse::sinkhole(200, "text/javascript", text.to_owned())
}

fn gzip(text: &str) -> Vec<u8> {
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    coder.write_all(text.as_bytes()).unwrap();
    coder.finish().unwrap()
}
