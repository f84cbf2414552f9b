//! Against a server that speaks as adb's does, with a phone that keeps what it
//! was told.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
};

use adb::{Error, Proxied, Server};

/// What the phone holds.
#[derive(Default)]
struct State {
    settings: BTreeMap<String, String>,
    files: BTreeMap<String, Vec<u8>>,
    reversed: Vec<String>,
    commands: Vec<String>,
    rooted: bool,
    states: Vec<(String, String)>,
}

struct Fake {
    server: Server,
    state: Arc<Mutex<State>>,
}

impl Fake {
    fn new(phones: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server::at(listener.local_addr().unwrap());
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
        Self { server, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
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
            return stream.write_all(said.as_bytes()).ok();
        } else if service == "sync:" {
            stream.write_all(b"OKAY").ok()?;
            return sync(&mut stream, state);
        } else if let Some(rest) = service.strip_prefix("reverse:") {
            let mut state = state.lock().unwrap();
            match rest.strip_prefix("killforward:") {
                Some(port) => state.reversed.retain(|one| !one.contains(port)),
                None => state.reversed.push(rest.to_owned()),
            }
            return stream.write_all(b"OKAY").ok();
        } else {
            return stream.write_all(&fail("unknown host service")).ok();
        }
    }
}

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

#[test]
fn the_server_says_its_version_and_its_phones() {
    let fake = Fake::new(&[("emulator-5554", "device"), ("R58M", "unauthorized")]);
    assert_eq!(fake.server.version().unwrap(), 0x29);
    let devices = fake.server.devices().unwrap();
    assert_eq!((devices.len(), devices[1].state.as_str()), (2, "unauthorized"));
}

#[test]
fn a_phone_is_chosen_or_it_is_said_why_not() {
    let none = Fake::new(&[]);
    assert!(matches!(none.server.phone(None), Err(Error::NoPhone)));
    let two = Fake::new(&[("A", "device"), ("B", "unauthorized")]);
    assert!(matches!(two.server.phone(None), Err(Error::ManyPhones(names)) if names == "A, B"));
    assert_eq!(two.server.phone(Some("A")).unwrap().serial(), "A");
    let unlocked = two.server.phone(Some("B")).unwrap_err().to_string();
    assert!(unlocked.contains("unauthorized") && unlocked.contains("allow this computer"));
    assert!(matches!(two.server.phone(Some("C")), Err(Error::NoPhone)));
}

#[test]
fn without_a_server_the_way_to_one_is_said() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(Server::at(gone).version().unwrap_err().to_string().contains("adb start-server"));
}

#[test]
fn a_command_that_fails_is_no_success() {
    let fake = Fake::new(&[("A", "device")]);
    let phone = fake.server.phone(None).unwrap();
    let said = phone.shell(&["nonsense"]).unwrap();
    assert_eq!((said.status, said.text.as_str()), (127, "sh: no such command"));
    assert!(matches!(phone.run(&["nonsense"]), Err(Error::Command(..))));
}

#[test]
fn a_file_arrives_whole_or_its_failure_does() {
    let fake = Fake::new(&[("A", "device")]);
    let phone = fake.server.phone(None).unwrap();
    let bytes: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
    phone.push(&bytes, "/sdcard/Download/x.crt").unwrap();
    assert_eq!(fake.state().files["/sdcard/Download/x.crt,33188"], bytes);
    assert!(phone.push(b"x", "/system/x").unwrap_err().to_string().contains("Read-only"));
}

#[test]
fn root_is_used_only_where_there_is_any() {
    let fake = Fake::new(&[("A", "device")]);
    let phone = fake.server.phone(None).unwrap();
    assert_eq!(phone.as_root("whoami").unwrap(), None);
    fake.state().rooted = true;
    assert_eq!(phone.as_root("who ami").unwrap().unwrap().text, "did it");
    assert_eq!(fake.state().commands.last().unwrap(), "su 0 sh -c 'who ami'");
}

#[test]
fn a_phone_is_sent_through_the_proxy_and_back_to_what_it_had() {
    for before in [None, Some("proxy.example:3128"), Some("127.0.0.1:7878"), Some(":0")] {
        let fake = Fake::new(&[("A", "device")]);
        if let Some(before) = before {
            fake.state().settings.insert("http_proxy".into(), before.into());
        }
        let proxied = Proxied::begin(fake.server.phone(None).unwrap(), 7878).unwrap();
        assert_eq!(fake.state().settings["http_proxy"], "127.0.0.1:7878");
        assert_eq!(fake.state().reversed, ["forward:tcp:7878;tcp:7878"]);
        proxied.end().unwrap();
        let kept = before.filter(|before| before.starts_with("proxy")).map(str::to_owned);
        assert_eq!(fake.state().settings.get("http_proxy").cloned(), kept);
        assert!(fake.state().reversed.is_empty());
    }
}

#[test]
fn what_is_dropped_is_undone_too() {
    let fake = Fake::new(&[("A", "device")]);
    drop(Proxied::begin(fake.server.phone(None).unwrap(), 7878).unwrap());
    assert!(fake.state().settings.is_empty() && fake.state().reversed.is_empty());
}
