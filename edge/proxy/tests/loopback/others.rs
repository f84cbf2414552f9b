//! Servers and clients that nobody here wrote: nginx, Node, Python's
//! `websockets`, curl. What arrives is compared with what arrives without us.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use model::Direction;
use tempfile::TempDir;

use crate::{
    lab::{Lab, noise, run, text},
    origin,
};

/// A script beside this file.
pub(crate) fn script(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/loopback/others");
    folder.join(name).to_str().unwrap().to_owned()
}

pub(crate) fn has(program: &str, arguments: &[&str]) -> bool {
    let found = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        println!("skipped: `{program} {}` does not run here", arguments.join(" "));
    }
    found
}

/// A program that ends with this value, and its files.
pub(crate) struct Running {
    child: Child,
    files: TempDir,
    pub(crate) port: u16,
}

impl Running {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.files.path().join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Killed, nginx would leave its worker behind.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// A folder with a certificate for `localhost`.
pub(crate) fn certified() -> TempDir {
    let files = tempfile::tempdir().unwrap();
    let (certificate, key) = origin::certificate("localhost");
    std::fs::write(files.path().join("cert.pem"), certificate).unwrap();
    std::fs::write(files.path().join("key.pem"), key).unwrap();
    std::fs::write(files.path().join("root.pem"), origin::root()).unwrap();
    files
}

/// Node's HTTP server, which says what it was asked.
pub(crate) fn node() -> Option<Running> {
    if !has("node", &["--version"]) {
        return None;
    }
    let files = certified();
    let mut command = Command::new("node");
    command.arg(script("origin.js")).arg(files.path().join("cert.pem")).arg(files.path().join("key.pem"));
    Some(started(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap(), files))
}

/// A server that says its port once it listens.
pub(crate) fn started(mut child: Child, files: TempDir) -> Running {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    Running { child, files, port: line.trim().parse().unwrap() }
}

/// nginx with one file, and a place that keeps what is sent there.
pub(crate) async fn nginx() -> Option<Running> {
    if !has("nginx", &["-v"]) {
        return None;
    }
    let files = certified();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let at = files.path().display();
    let config = format!(
        "daemon off; worker_processes 1; pid {at}/pid; error_log {at}/error.log;
         events {{ }}
         http {{ log_format all '$request|$http_x_odd|$content_length'; access_log {at}/access.log all; client_max_body_size 64m;
           client_body_temp_path {at}/bodies; proxy_temp_path {at}/t2; fastcgi_temp_path {at}/t3; uwsgi_temp_path {at}/t4; scgi_temp_path {at}/t5;
           server {{ listen 127.0.0.1:{port} ssl http2; root {at}; ssl_certificate {at}/cert.pem; ssl_certificate_key {at}/key.pem;
             location /up {{ client_body_in_file_only on; access_log off; proxy_pass https://127.0.0.1:{port}/file; proxy_method GET; }} }} }}"
    );
    std::fs::write(files.path().join("nginx.conf"), config).unwrap();
    let opened = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(files.path(), opened).unwrap();
    let mut command = Command::new("nginx");
    command.args(["-e", "/dev/null", "-c"]).arg(files.path().join("nginx.conf"));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let running = Running { child, files, port };
    for _ in 0..400 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(running);
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nginx did not start: {}", std::fs::read_to_string(running.file("error.log")).unwrap_or_default());
}

#[tokio::test]
async fn nginx_gives_and_gets_the_same_bytes_over_both_versions() {
    let Some(nginx) = nginx().await else { return };
    let body = noise(3_000_000);
    std::fs::write(nginx.file("file"), &body).unwrap();
    for version in ["--http1.1", "--http2"] {
        let lab = Lab::onward();
        let got = lab.curl(&[version, "-H", "x-ODD: 1", &nginx.url("/file")]).await;
        assert!(got.stdout == body, "{version}: {}", String::from_utf8_lossy(&got.stderr));
        let sent = lab
            .curl(&[version, "-T", &nginx.file("file"), "-o", "/dev/null", "-w", "%{http_code}", &nginx.url("/up")])
            .await;
        assert_eq!(text(&sent), "200", "{version}");
        let seen = lab.stop().await.exchanges;
        assert!(seen[0].response.as_ref().unwrap().body.bytes[..] == body[..], "{version}");
        assert!(seen[1].request.body.bytes[..] == body[..], "{version}");
    }
    let kept: Vec<Vec<u8>> = std::fs::read_dir(nginx.file("bodies"))
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|kept| *kept == body), "what nginx was sent");
}

#[tokio::test]
async fn a_server_of_node_is_asked_the_same_as_without_us() {
    let Some(node) = node() else { return };
    std::fs::write(node.file("body"), noise(200_000)).unwrap();
    let data = format!("@{}", node.file("body"));
    let fields = ["X-Odd: 1", "x-lower: 2", "X-UPPER: 3", "Cookie: a=1; b=2", "Accept-Language: de", "aa: last"];
    let fields: Vec<&str> = fields.iter().flat_map(|field| ["-H", *field]).collect();
    for version in ["--http1.1", "--http2"] {
        for body in
            [&["--data-binary", &data][..], &["-T", &node.file("body"), "-H", "Transfer-Encoding: chunked"], &[]]
        {
            let lab = Lab::onward();
            let (url, root) = (node.url("/p%20q?x=%2f"), node.file("root.pem"));
            let asked = [&[version, "-i"], &fields[..], body, &[&url]].concat();
            let direct = run("curl", &[&["-sS", "--noproxy", "*", "--cacert", &root], &asked[..]].concat()).await;
            let through = lab.curl(&[&["--suppress-connect-headers"], &asked[..]].concat()).await;
            assert!(direct.status.success(), "{}", String::from_utf8_lossy(&direct.stderr));
            assert_eq!(compared(&text(&through)), compared(&text(&direct)), "{version} {body:?}");
            drop(lab.stop().await);
        }
    }
}

/// An answer without its date. hyper writes the four pseudo-fields of HTTP/2 in
/// an order of its own; the client's order is in the record's print.
pub(crate) fn compared(answer: &str) -> Vec<String> {
    let undated = answer.lines().filter(|line| !line.to_lowercase().starts_with("date:"));
    let sorted = |line: &str| {
        let Ok(mut said) = serde_json::from_str::<serde_json::Value>(line) else { return line.to_owned() };
        let mut fields: Vec<_> = said["headers"].as_array().unwrap().chunks(2).map(<[_]>::to_vec).collect();
        let pseudo = fields.iter().take_while(|field| field[0].as_str().unwrap().starts_with(':')).count();
        fields[..pseudo].sort_by_key(|field| field[0].to_string());
        said["headers"] = fields.concat().into();
        said.to_string()
    };
    undated.map(sorted).collect()
}

/// The list that a script of ours has printed.
fn list(out: &Output) -> Vec<serde_json::Value> {
    serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&out.stderr)))
}

#[tokio::test]
async fn a_client_of_node_has_forty_streams_with_trailers_at_once() {
    let Some(node) = node() else { return };
    let lab = Lab::onward();
    let (proxy, ca, url) = (format!("http://{}", lab.address), lab.file("ca.pem"), node.url("/many"));
    let out = run("node", &[&script("client.js"), &proxy, &ca, &url]).await;
    let said = list(&out);
    assert_eq!(said.len(), 40);
    for (number, one) in said.iter().enumerate() {
        assert_eq!((&one["version"], &one["url"]), (&"2.0".into(), &format!("/many?{number}").into()));
        assert_eq!(one["length"], number * 10_007);
        assert_eq!(one["trailers"], serde_json::json!(["x-after", number.to_string()]));
        let headers: Vec<&str> =
            one["headers"].as_array().unwrap().iter().step_by(2).filter_map(|name| name.as_str()).collect();
        assert!(headers.ends_with(&["x-b", "x-a", "x-long"]), "{headers:?}");
    }
    let seen = lab.stop().await.exchanges;
    assert_eq!(seen.len(), 40);
    assert!(seen.iter().all(|one| one.connection == seen[0].connection && one.request.body.cut_from.is_none()));
}

#[tokio::test]
async fn websockets_of_python_say_the_same_through_us() {
    const PYTHON: &str = "/usr/bin/python3";
    if !has(PYTHON, &["-c", "import websockets"]) {
        return;
    }
    let (lab, files) = (Lab::onward(), certified());
    let file = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    let proxy = format!("http://{}", lab.address);
    let (ca, cert, key) = (lab.file("ca.pem"), file("cert.pem"), file("key.pem"));
    let out = run(PYTHON, &[&script("sockets.py"), &proxy, &ca, &cert, &key]).await;
    let said = text(&out);
    assert_eq!(
        said,
        "permessage-deflate\nTrue\nTrue\nTrue\nTrue\nTrue\nTrue\n",
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let seen = lab.stop().await.only();
    assert!(seen.request.url.ends_with("/chat"));
    let messages = |from| {
        let those = seen.messages.iter().filter(move |one| one.direction == from);
        those.map(|one| one.body.bytes.to_vec()).collect::<Vec<_>>()
    };
    let (sent, got) = (messages(Direction::FromClient), messages(Direction::FromServer));
    // Five messages, and what a ping and its answer carry.
    assert_eq!((sent.len(), got.len()), (6, 6));
    assert_eq!((&sent[0][..], &got[0][..]), (&b"one"[..], &b"eno"[..]));
    assert_eq!((sent[1].as_slice(), sent[2].len(), sent[3].len()), ("zwei ☃".as_bytes(), 256, 500_000));
}

#[tokio::test]
async fn a_client_of_node_has_thirty_tunnels_on_one_connection() {
    let Some(node) = node() else { return };
    let lab = Lab::onward();
    let (proxy, ca, url) = (format!("https://{}", lab.address), lab.file("ca.pem"), node.url("/many"));
    let out = run("node", &[&script("tunnels.js"), &proxy, &ca, &url]).await;
    let said = list(&out);
    assert_eq!((said.len(), &said[30]), (31, &502.into()));
    for (number, one) in said[..30].iter().enumerate() {
        let (version, name) = if number % 2 == 1 { ("2.0", "x-tunnel") } else { ("1.1", "X-Tunnel") };
        assert_eq!((&one["version"], &one["length"]), (&version.into(), &(number * 10_007).into()));
        let headers: Vec<&str> = one["headers"].as_array().unwrap().iter().filter_map(|field| field.as_str()).collect();
        let at = headers.iter().position(|field| *field == "x-b").unwrap();
        assert_eq!(headers[at..at + 6], ["x-b", "1", name, &number.to_string(), "x-a", "2"]);
    }
    let mut seen = lab.stop().await.exchanges;
    assert_eq!(seen.pop().unwrap().response.unwrap().status, 502);
    let mut numbers: Vec<u64> = seen.iter().map(|one| one.connection).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((seen.len(), numbers.len()), (30, 30));
    assert!(seen.iter().all(|one| one.client.address == seen[0].client.address));
}
