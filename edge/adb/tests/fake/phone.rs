//! An adb server with phones that exist nowhere else.

#[path = "devtools.rs"]
mod devtools;

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
};

/// What the phone holds.
#[derive(Default)]
pub struct State {
    pub settings: BTreeMap<String, String>,
    pub files: BTreeMap<String, Vec<u8>>,
    pub reversed: Vec<String>,
    pub commands: Vec<String>,
    pub rooted: bool,
    pub states: Vec<(String, String)>,
    /// The one app that is installed: it opens what it is sent, and tells its maker.
    pub app: Option<String>,
    /// Addresses that it opened, with the extra that they came with.
    pub opened: Vec<(String, Option<String>)>,
    /// Private tabs that were opened empty; it has a socket for developers.
    pub private_tabs: u32,
    /// The socket is another app's.
    pub socket_of: Option<String>,
    /// What it calls private is an ordinary tab.
    pub opens_ordinary: bool,
    /// Of what it is asked to open in private it tells nobody.
    pub keeps_private: bool,
    /// It cannot be stopped.
    pub stuck: bool,
}

pub struct Fake {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Fake {
    pub fn new(phones: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let states = phones.iter().map(|(serial, state)| ((*serial).to_owned(), (*state).to_owned())).collect();
        let state = Arc::new(Mutex::new(State { states, ..State::default() }));
        let all = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&all);
                // A client that hangs up early ends its own thread only.
                std::thread::spawn(move || serve(stream.unwrap(), &state));
            }
        });
        Self { address, state }
    }

    pub fn server(&self) -> adb::AdbServer {
        adb::AdbServer::at(self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn take(stream: &mut TcpStream, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).ok().map(|()| bytes)
}

fn request(stream: &mut TcpStream) -> Option<String> {
    let length = String::from_utf8(take(stream, 4)?).unwrap();
    let bytes = take(stream, usize::from_str_radix(&length, 16).unwrap())?;
    Some(String::from_utf8(bytes).unwrap())
}

fn counted(text: &str) -> Vec<u8> {
    format!("OKAY{:04x}{text}", text.len()).into_bytes()
}

fn fail(text: &str) -> Vec<u8> {
    format!("FAIL{:04x}{text}", text.len()).into_bytes()
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    loop {
        let service = request(&mut stream)?;
        if service == "host:version" {
            return stream.write_all(&counted("0029")).ok();
        } else if service == "host:devices" {
            let lines: String = state.lock().unwrap().states.iter().map(|(one, is)| format!("{one}\t{is}\n")).collect();
            return stream.write_all(&counted(&lines)).ok();
        } else if let Some(serial) = service.strip_prefix("host:transport:") {
            let known = state.lock().unwrap().states.iter().any(|(one, _)| one == serial);
            stream.write_all(&if known { b"OKAY".to_vec() } else { fail("device not found") }).ok()?;
        } else if let Some(command) = service.strip_prefix("shell:") {
            stream.write_all(b"OKAY").ok()?;
            let said = shell(command, &mut state.lock().unwrap());
            // Another connection may look at the phone while its app is on the net.
            if let Some((url, extra)) = opens(command) {
                open(url, extra, state);
            }
            return stream.write_all(said.as_bytes()).ok();
        } else if service == "sync:" {
            stream.write_all(b"OKAY").ok()?;
            return sync(&mut stream, state);
        } else if service == "localabstract:app_devtools_remote" {
            stream.write_all(b"OKAY").ok()?;
            return devtools::serve(&mut stream, state);
        } else if let Some(rest) = service.strip_prefix("reverse:") {
            let mut state = state.lock().unwrap();
            let before = state.reversed.len();
            match rest.strip_prefix("killforward:") {
                Some(port) => state.reversed.retain(|one| !one.contains(port)),
                None => state.reversed.push(rest.to_owned()),
            }
            let did = if state.reversed.len() == before { fail("listener not found") } else { b"OKAY".to_vec() };
            return stream.write_all(&[b"OKAY".to_vec(), did].concat()).ok();
        } else {
            return stream.write_all(&fail("unknown host service")).ok();
        }
    }
}

/// The address that a command sends to an app, and an extra that goes with it.
fn opens(command: &str) -> Option<(String, Option<String>)> {
    let (_, rest) = command.split_once("android.intent.action.VIEW -d ")?;
    let words: Vec<&str> = rest.split("; ").next()?.split(' ').collect();
    let extra = match words[1..] {
        ["--ez", extra, "true", _] => Some(extra.to_owned()),
        [_] => None,
        ref other => panic!("not what am understands: {other:?}"),
    };
    Some((words[0].trim_matches('\'').to_owned(), extra))
}

/// What the app does with it: fetches it, and tells its maker, through the proxy
/// of the phone if it has one that leads anywhere.
fn open(url: String, extra: Option<String>, state: &Mutex<State>) {
    let (proxy, tells) = {
        let mut state = state.lock().unwrap();
        let tells = extra.is_none() || !state.keeps_private;
        state.opened.push((url.clone(), extra));
        let proxy = state.settings.get("http_proxy").cloned().unwrap_or_default();
        let port = proxy.rsplit(':').next().unwrap_or_default();
        let leads = state.reversed.iter().any(|one| *one == format!("forward:tcp:{port};tcp:{port}"));
        (leads.then_some(proxy), tells)
    };
    let Some(proxy) = proxy else { return };
    let told = format!("{{\"event\":\"page\",\"url\":\"{url}\"}}");
    let maker = ["--data", &told, "-H", "content-type: application/json", "https://collect.maker.example/v1/pages"];
    for what in [&[url.as_str()][..], &maker].into_iter().take(if tells { 2 } else { 1 }) {
        let mut curl = std::process::Command::new("curl");
        // -k: a phone that has Candor's certificate.
        curl.args(["-sSk", "-o", "/dev/null", "--max-time", "20", "--proxy", &format!("http://{proxy}")]).args(what);
        curl.stdin(std::process::Stdio::null()).status().unwrap();
    }
}

const ABOUT: &str = "Packages:
  Package [org.example.web] (2):
    codePath=/data/app/org.example.web
    versionCode=7000 minSdk=29 targetSdk=34
    versionName=7.0.1
    flags=[ SYSTEM HAS_CODE UPDATED_SYSTEM_APP ]
    installerPackageName=com.android.vending
    signatures=PackageSignatures{5e5b9a7 version:3, signatures:[4fa7a6ec], past signatures:[]}
";

/// The few commands that are used, in the words of toybox and Android.
fn shell(command: &str, state: &mut State) -> String {
    let command = command.strip_suffix("; echo candor-status:$?").unwrap();
    state.commands.push(command.to_owned());
    let words: Vec<&str> = command.split(' ').collect();
    let (text, status) = match words[..] {
        ["settings", "get", "global", name] => {
            (state.settings.get(name).cloned().unwrap_or_else(|| "null".into()) + "\n", 0)
        }
        ["settings", "put", "global", name, value] => {
            state.settings.insert(name.to_owned(), value.to_owned());
            (String::new(), 0)
        }
        ["settings", "delete", "global", name] => {
            state.settings.remove(name);
            ("Deleted 1 rows\n".into(), 0)
        }
        ["id", "-u"] => ("2000\n".into(), 0),
        ["su", "0", "id", "-u"] if state.rooted => ("0\n".into(), 0),
        ["su", "0", ..] if state.rooted => ("did it\n".into(), 0),
        ["su", ..] => ("/system/bin/sh: su: inaccessible or not found\n".into(), 127),
        ["pm", "path", name] if state.app.as_deref() == Some(name) => {
            ("package:/data/app/web/base.apk\npackage:/data/app/web/split_config.arm64.apk\n".into(), 0)
        }
        ["pm", "path", _] => (String::new(), 1),
        ["pm", "clear", _] => ("Success\n".into(), 0),
        ["sha256sum", path] => (format!("{}  {path}\n", "ab".repeat(32)), 0),
        ["dumpsys", "package", name] => (ABOUT.replace("org.example.web", name), 0),
        ["getprop", name] => (format!("{}\n", name.rsplit('.').next().unwrap_or_default()), 0),
        ["am", "force-stop", _] if state.stuck => ("Error: stuck\n".into(), 1),
        ["am", "force-stop", _] => {
            state.private_tabs = 0;
            (String::new(), 0)
        }
        ["am", "start", "-a", "org.example.OPEN_PRIVATE_TAB", _] => {
            state.private_tabs += 1;
            ("Starting: Intent\n".into(), 0)
        }
        ["am", "start", ..] => ("Starting: Intent\n".into(), 0),
        ["cmd", "package", "resolve-activity", .., name] => (format!("priority=0 preferredOrder=0\n{name}/.Main\n"), 0),
        _ => ("sh: no such command\n".into(), 127),
    };
    format!("{text}candor-status:{status}\n")
}

fn sync(stream: &mut TcpStream, state: &Mutex<State>) -> Option<()> {
    let (mut path, mut bytes) = (String::new(), Vec::new());
    loop {
        let name = take(stream, 4)?;
        let number = u32::from_le_bytes(take(stream, 4)?.try_into().unwrap()) as usize;
        match &name[..] {
            b"SEND" => path = String::from_utf8(take(stream, number)?).unwrap(),
            b"DATA" => bytes.extend(take(stream, number)?),
            b"DONE" if path.starts_with("/system") => {
                let says = b"couldn't create file: Read-only file system";
                stream.write_all(&[&b"FAIL"[..], &(says.len() as u32).to_le_bytes(), says].concat()).ok()?;
            }
            b"DONE" => {
                state.lock().unwrap().files.insert(path.clone(), std::mem::take(&mut bytes));
                stream.write_all(b"OKAY\0\0\0\0").ok()?;
            }
            b"QUIT" => return Some(()),
            other => panic!("{other:?}"),
        }
    }
}
