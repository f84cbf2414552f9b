//! A browser that shows pages to tests, run by nobody in particular: wide or
//! narrow, light or dark, without any network but this machine.
//!
//! It is spoken to over its own descriptors; no port is open.
#![allow(clippy::unwrap_used, clippy::print_stderr, dead_code, reason = "helpers of tests fail, and skip, as tests do")]

pub mod pixels;

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use experiment::rpc::{RpcClient, RpcEvent, pipe};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    sync::mpsc,
    time::{Instant, sleep},
};

/// What it takes to show a page.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub width: u32,
    pub dark: bool,
}

pub const DESKTOP: View = View { width: 1280, dark: false };
pub const PHONE: View = View { width: 390, dark: false };

impl View {
    pub const fn dark(self) -> Self {
        Self { dark: true, ..self }
    }
}

/// A running browser with one page. Dropped, it is killed.
pub struct Window {
    browser: Child,
    folder: TempDir,
    rpc: RpcClient,
    session: String,
    heard: Arc<Mutex<Heard>>,
}

/// What the page did.
#[derive(Default)]
pub struct Heard {
    loads: usize,
    /// Addresses it asked for, since it was last emptied.
    pub asked: Vec<String>,
    /// Dialogs that it opened.
    pub dialogs: usize,
}

const PATIENCE: Duration = Duration::from_secs(60);

impl Window {
    /// None, with the reason printed: there is no browser here.
    pub async fn open() -> Option<Self> {
        Self::open_with(&[]).await
    }

    /// The same with options of its own.
    pub async fn open_with(options: &[String]) -> Option<Self> {
        if !Path::new("/usr/bin/chromium").exists() {
            eprintln!("skipped: chromium is not installed");
            return None;
        }
        let folder = TempDir::new().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let mut browser = start(folder.path(), options);
        let (input, output) = (browser.stdin.take().unwrap(), browser.stdout.take().unwrap());
        let (rpc, events) = RpcClient::over(pipe::wire(output, input));
        let heard = Arc::new(Mutex::new(Heard::default()));
        tokio::spawn(listen(events, Arc::clone(&heard), rpc.clone()));
        let made = rpc.call_within(PATIENCE, None, "Target.createTarget", json!({"url": "about:blank"})).await.unwrap();
        let target = json!({"targetId": made["targetId"], "flatten": true});
        let session = rpc.call(None, "Target.attachToTarget", target).await.unwrap();
        let session = session["sessionId"].as_str().unwrap().to_owned();
        let window = Self { browser, folder, rpc, session, heard };
        for domain in ["Page.enable", "Network.enable", "Runtime.enable"] {
            window.call(domain, json!({})).await;
        }
        Some(window)
    }

    /// A file that the browser may open.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        format!("file://{}", path.display())
    }

    pub async fn shape(&self, view: View, height: u32) {
        let phone = view.width < 600;
        let size = json!({"width": view.width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        self.call("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if view.dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", media).await;
    }

    /// Goes there and waits until it is loaded.
    pub async fn go(&self, url: &str) {
        let before = self.heard.lock().unwrap().loads;
        let went = self.call("Page.navigate", json!({"url": url})).await;
        assert!(went["errorText"].is_null(), "{went}");
        self.loaded(before).await;
    }

    /// Does something that leads to another page, and waits for that.
    pub async fn follow(&self, script: &str) {
        let before = self.heard.lock().unwrap().loads;
        self.run(script).await;
        self.loaded(before).await;
    }

    async fn loaded(&self, before: usize) {
        let start = Instant::now();
        while self.heard.lock().unwrap().loads <= before {
            assert!(start.elapsed() < PATIENCE, "the page was not loaded");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Runs a script in the page, past its policy, and gives its value.
    pub async fn run(&self, script: &str) -> Value {
        let wish = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.call("Runtime.evaluate", wish).await;
        assert!(answer["exceptionDetails"].is_null(), "{}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// Waits until a script gives `true`.
    pub async fn until(&self, script: &str) {
        let start = Instant::now();
        while self.run(script).await != true {
            assert!(start.elapsed() < PATIENCE, "never: {script}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Presses the space bar, as a person does.
    pub async fn press_space(&self) {
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { " " } else { "" };
            let key = json!({"type": kind, "key": " ", "code": "Space", "text": text, "windowsVirtualKeyCode": 32});
            self.call("Input.dispatchKeyEvent", key).await;
        }
    }

    /// Width and height that the page needs.
    pub async fn needs(&self) -> (u32, u32) {
        let size = self.run("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]").await;
        (size[0].as_u64().unwrap() as u32, size[1].as_u64().unwrap() as u32)
    }

    /// What can be seen now, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", json!({"format": "png"})).await;
        STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }

    /// What the page did since this was asked last.
    pub fn heard(&self) -> Heard {
        let mut heard = self.heard.lock().unwrap();
        let loads = heard.loads;
        std::mem::replace(&mut *heard, Heard { loads, ..Heard::default() })
    }

    async fn call(&self, method: &str, wish: Value) -> Value {
        self.rpc.call_within(PATIENCE, Some(&self.session), method, wish).await.unwrap()
    }

    /// Ends it.
    pub async fn close(mut self) {
        let _ = self.browser.kill().await;
    }
}

fn start(home: &Path, options: &[String]) -> Child {
    // As root it would refuse its sandbox.
    let is_root = rustix::process::getuid().is_root();
    let mut command = Command::new(if is_root { "setpriv" } else { "env" });
    if is_root {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    command
        // Chromium reads calls from descriptor 3 and answers on 4.
        .args(["sh", "-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"])
        .args(["/usr/bin/chromium", "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu"])
        .args(["--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"])
        .arg(format!("--user-data-dir={}", home.join("profile").display()))
        .args(options)
        .arg("about:blank")
        .env("HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the browser starts")
}

async fn listen(mut events: mpsc::UnboundedReceiver<RpcEvent>, heard: Arc<Mutex<Heard>>, rpc: RpcClient) {
    while let Some(event) = events.recv().await {
        let url = || event.params["request"]["url"].as_str().unwrap_or_default().to_owned();
        match event.method.as_str() {
            "Page.loadEventFired" => heard.lock().unwrap().loads += 1,
            "Network.requestWillBeSent" => heard.lock().unwrap().asked.push(url()),
            "Page.javascriptDialogOpening" => {
                heard.lock().unwrap().dialogs += 1;
                let closed = json!({"accept": false});
                let _ = rpc.call(event.session.as_deref(), "Page.handleJavaScriptDialog", closed).await;
            }
            _ => {}
        }
    }
}

/// Where pictures for people go, if they are wanted: `CANDOR_PICTURES`, below
/// the root of the repository.
pub fn pictures() -> Option<PathBuf> {
    let folder = std::env::var_os("CANDOR_PICTURES").map(PathBuf::from)?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    Some(folder)
}
