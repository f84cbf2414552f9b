//! The libcurl of today, by way of Python: HTTP/1.1, HTTP/2 and WebSockets on
//! every route to the proxy. What arrives is compared with what arrives without us.
//!
//! Debian's curl is older than `--proxy-http2` and `ws://`. `scripts/setup test`
//! fetches pycurl into `target/pycurl`, and with it a libcurl.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use model::Direction;
use serde_json::{Value, json};

use crate::{
    lab::{Lab, noise, run},
    origin::{self, Origin},
    others::{Running, certified, compared, has, nginx, node, script, started},
    upstream::{HELLO, Log, keeping},
};

/// The folder with pycurl, if it is there.
fn libcurl() -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pycurl");
    if !folder.join("pycurl").exists() {
        println!("skipped: pycurl is not in target/pycurl (scripts/setup test fetches it where pip is)");
        return None;
    }
    has("python3", &["--version"]).then(|| folder.to_str().unwrap().to_owned())
}

/// Does these things one after the other, and gives what came of each.
async fn does(libcurl: &str, plan: &[Value]) -> Vec<Value> {
    let out = run("python3", &[&script("libcurl.py"), libcurl, &Value::from(plan).to_string()]).await;
    let came: Value = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&out.stderr)));
    came.as_array().unwrap().clone()
}

/// Every route to the proxy: in clear, over TLS, in HTTP/2 over TLS, SOCKS5.
fn routes(lab: &Lab) -> [String; 4] {
    ["http", "https", "https2", "socks5h"].map(|kind| format!("{kind}://{}", lab.address))
}

/// A step with more in it.
fn with(step: &Value, more: Value) -> Value {
    let mut step = step.as_object().unwrap().clone();
    step.extend(more.as_object().unwrap().clone());
    step.into()
}

/// The same step straight to the server, and on every route through the proxy.
fn everywhere(lab: &Lab, root: &str, step: &Value) -> Vec<Value> {
    let direct = with(step, json!({ "ca": root }));
    let through = routes(lab).map(|proxy| with(step, json!({ "ca": lab.file("ca.pem"), "proxy": proxy })));
    [direct].into_iter().chain(through).collect()
}

fn told(came: &Value, says: &str) -> bool {
    came["told"].as_array().unwrap().iter().any(|line| line.as_str().unwrap().contains(says))
}

fn root(lab: &Lab) -> String {
    let root = lab.file("root.pem");
    std::fs::write(&root, origin::root()).unwrap();
    root
}

const FIELDS: [&str; 6] =
    ["X-Odd: 1", "x-lower: 2", "X-UPPER: 3", "Cookie: a=1; b=2", "Accept-Language: de", "aa: last"];

#[tokio::test]
async fn what_a_server_of_http1_is_sent_is_the_same_to_the_byte() {
    let Some(libcurl) = libcurl() else { return };
    let lab = Lab::onward();
    let (file, root) = (lab.file("body"), root(&lab));
    std::fs::write(&file, noise(200_000)).unwrap();
    for encrypted in [true, false] {
        let log = Log::default();
        let origin = match encrypted {
            true => Origin::encrypted(&["http/1.1"], keeping(&log, HELLO)).await,
            false => Origin::clear(keeping(&log, HELLO)).await,
        };
        let url = origin.url(if encrypted { "https" } else { "http" }, "/p%20q?x=%2f");
        let step = json!({ "url": url, "fields": FIELDS, "post": file });
        for came in does(&libcurl, &everywhere(&lab, &root, &step)).await {
            assert_eq!(came["status"], 200, "{came}");
            let of_http1 = json!(["HTTP/1.1 200 Fine", "x-B: 1", "Content-Length: 5", "X-a: 2", "x-B: 3", ""]);
            let of_http2 = json!(["HTTP/2 200", "x-b: 1", "x-b: 3", "content-length: 5", "x-a: 2", ""]);
            assert!(came["head"] == of_http1 || (!encrypted && came["head"] == of_http2), "{came}");
        }
        let log = log.lock().unwrap();
        assert_eq!(log.len(), 5);
        for (number, got) in log.iter().enumerate().skip(1) {
            let first = String::from_utf8_lossy(&got[..200]);
            // Addresses in clear are asked for in HTTP/2 itself, where it is spoken to the proxy.
            let same = if !encrypted && number == 3 { in_lower_case(&log[0]) } else { log[0].clone() };
            assert!(*got == same, "{encrypted} {number}: {first}");
        }
    }
    assert_eq!(lab.stop().await.exchanges.len(), 8);
}

/// A request with the names of its fields as HTTP/2 has them.
fn in_lower_case(request: &[u8]) -> Vec<u8> {
    let end = request.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
    let (head, body) = request.split_at(end);
    let head = std::str::from_utf8(head).unwrap();
    let line = |line: &str| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
        None => line.to_owned(),
    };
    let head: Vec<String> = head.split("\r\n").map(line).collect();
    [head.join("\r\n").as_bytes(), body].concat()
}

#[tokio::test]
async fn what_a_server_of_node_is_asked_is_the_same_on_every_route() {
    let (Some(libcurl), Some(node)) = (libcurl(), node()) else { return };
    std::fs::write(node.file("body"), noise(200_000)).unwrap();
    for version in ["1.1", "2"] {
        for body in [json!({ "post": node.file("body") }), json!({ "put": node.file("body") }), json!({})] {
            let lab = Lab::onward();
            let step = json!({ "url": node.url("/p%20q?x=%2f"), "http": version, "fields": FIELDS });
            let mut steps = everywhere(&lab, &node.file("root.pem"), &with(&step, body));
            for (number, step) in steps.iter_mut().enumerate() {
                step["save"] = lab.file(&format!("said{number}")).into();
            }
            let came = does(&libcurl, &steps).await;
            let said = |number: usize| {
                let head = came[number]["head"].as_array().unwrap_or_else(|| panic!("{}", came[number]));
                let head: Vec<&str> = head.iter().filter_map(Value::as_str).collect();
                let body = std::fs::read_to_string(lab.file(&format!("said{number}"))).unwrap();
                compared(&format!("{}\n{body}", head.join("\n")))
            };
            let direct = said(0);
            assert!(direct.iter().any(|line| line.starts_with(&format!("HTTP/{version} 200"))), "{direct:?}");
            for (number, step) in steps.iter().enumerate() {
                assert_eq!(said(number), direct, "{step}");
            }
            let tunnelled = |came: &Value| told(came, "Establishing HTTP/2 proxy tunnel");
            let spoken: Vec<bool> = came.iter().map(tunnelled).collect();
            assert_eq!(spoken, [false, false, false, true, false], "{:?}", came[3]["told"]);
            let seen = lab.stop().await.exchanges;
            assert_eq!(seen.len(), 4);
            assert!(seen.iter().all(|one| one.request.version.starts_with(&format!("HTTP/{version}"))));
        }
    }
}

#[tokio::test]
async fn nginx_gives_and_gets_the_same_bytes_on_every_route() {
    let Some(libcurl) = libcurl() else { return };
    let Some(nginx) = nginx().await else { return };
    let body = noise(3_000_000);
    std::fs::write(nginx.file("file"), &body).unwrap();
    for version in ["1.1", "2"] {
        let lab = Lab::onward();
        let ca = lab.file("ca.pem");
        for (number, proxy) in routes(&lab).iter().enumerate() {
            let saved = lab.file(&format!("saved{number}"));
            let step = json!({ "ca": ca, "proxy": proxy, "http": version });
            let get = with(&step, json!({ "url": nginx.url("/file"), "save": saved }));
            let put = with(&step, json!({ "url": nginx.url("/up"), "put": nginx.file("file") }));
            for came in does(&libcurl, &[get, put]).await {
                assert_eq!(came["status"], 200, "{proxy} {version}: {came}");
            }
            assert!(std::fs::read(&saved).unwrap() == body, "{proxy} {version}");
        }
        let seen = lab.stop().await.exchanges;
        assert_eq!(seen.len(), 8);
        for (number, one) in seen.iter().enumerate() {
            let kept = if number % 2 == 0 { &one.response.as_ref().unwrap().body } else { &one.request.body };
            assert!(kept.bytes[..] == body[..] && kept.cut_from.is_none(), "{number} {version}");
        }
    }
    let kept = std::fs::read_dir(nginx.file("bodies")).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<Vec<u8>> = kept.map(|path| std::fs::read(path).unwrap()).collect();
    assert_eq!(kept.len(), 8);
    assert!(kept.iter().all(|kept| *kept == body), "what nginx was sent");
}

/// Python's WebSocket server, which says everything backwards.
fn echo(encrypted: bool) -> Option<Running> {
    const PYTHON: &str = "/usr/bin/python3";
    if !has(PYTHON, &["-c", "import websockets"]) {
        return None;
    }
    let files = certified();
    let mut command = Command::new(PYTHON);
    command.arg(script("echo.py"));
    if encrypted {
        command.arg(files.path().join("cert.pem")).arg(files.path().join("key.pem"));
    }
    Some(started(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap(), files))
}

#[tokio::test]
async fn websockets_of_libcurl_say_the_same_on_every_route() {
    let Some(libcurl) = libcurl() else { return };
    for (encrypted, scheme) in [(false, "ws"), (true, "wss")] {
        let Some(echo) = echo(encrypted) else { return };
        let lengths = [1, 125, 126, 65_536, 300_000];
        let says = lengths.map(|length| {
            let file = echo.file(&length.to_string());
            std::fs::write(&file, noise(length)).unwrap();
            file
        });
        let lab = Lab::onward();
        let step = json!({ "url": format!("{scheme}://localhost:{}/chat", echo.port), "says": says });
        for came in does(&libcurl, &everywhere(&lab, &echo.file("root.pem"), &step)).await {
            assert_eq!(came["same"], json!([true, true, true, true, true]), "{came}");
        }
        let seen = lab.stop().await.exchanges;
        assert_eq!(seen.len(), 4);
        for one in seen {
            assert!(one.request.url.ends_with("/chat") && one.response.unwrap().status == 101);
            let from = |way| one.messages.iter().filter(move |message| message.direction == way);
            let sent: Vec<&[u8]> = from(Direction::FromClient).map(|message| &message.body.bytes[..]).collect();
            assert!(sent == lengths.map(noise).iter().map(Vec::as_slice).collect::<Vec<_>>());
            assert_eq!(from(Direction::FromServer).count(), lengths.len());
        }
    }
}
