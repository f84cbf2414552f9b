//! Against a server that speaks as adb's does, with a phone that keeps what it
//! was told.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

#[allow(dead_code, reason = "shared with tests of the program")]
mod phone;

use std::{io, net::TcpListener, sync::Mutex};

use adb::{AdbServer, Error, PendingUndo, PhoneRedirect, UndoJournal};
use phone::Fake;

#[test]
fn the_server_says_its_version_and_its_phones() {
    let fake = Fake::new(&[("emulator-5554", "device"), ("R58M", "unauthorized")]);
    assert_eq!(fake.server().version().unwrap(), 0x29);
    let devices = fake.server().devices().unwrap();
    assert_eq!((devices.len(), devices[1].state.as_str()), (2, "unauthorized"));
}

#[test]
fn a_phone_is_chosen_or_it_is_said_why_not() {
    let none = Fake::new(&[]);
    assert!(matches!(none.server().phone(None), Err(Error::NoPhone)));
    let two = Fake::new(&[("A", "device"), ("B", "unauthorized")]);
    assert!(matches!(two.server().phone(None), Err(Error::ManyPhones(names)) if names == "A, B"));
    assert_eq!(two.server().phone(Some("A")).unwrap().serial(), "A");
    let unlocked = two.server().phone(Some("B")).unwrap_err().to_string();
    assert!(unlocked.contains("unauthorized") && unlocked.contains("allow this computer"));
    assert!(matches!(two.server().phone(Some("C")), Err(Error::NoPhone)));
}

#[test]
fn without_a_server_the_way_to_one_is_said() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(AdbServer::at(gone).version().unwrap_err().to_string().contains("adb start-server"));
}

#[test]
fn a_command_that_fails_is_no_success() {
    let fake = Fake::new(&[("A", "device")]);
    let phone = fake.server().phone(None).unwrap();
    let said = phone.shell(&["nonsense"]).unwrap();
    assert_eq!((said.status, said.text.as_str()), (127, "sh: no such command"));
    assert!(matches!(phone.run(&["nonsense"]), Err(Error::Command(..))));
}

#[test]
fn a_file_arrives_whole_or_its_failure_does() {
    let fake = Fake::new(&[("A", "device")]);
    let phone = fake.server().phone(None).unwrap();
    let bytes: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
    phone.push(&bytes, "/sdcard/Download/x.crt").unwrap();
    assert_eq!(fake.state().files["/sdcard/Download/x.crt,33188"], bytes);
    assert!(phone.push(b"x", "/system/x").unwrap_err().to_string().contains("Read-only"));
}

#[test]
fn root_is_used_only_where_there_is_any() {
    let fake = Fake::new(&[("A", "device")]);
    let phone = fake.server().phone(None).unwrap();
    assert_eq!(phone.as_root("whoami").unwrap(), None);
    fake.state().rooted = true;
    assert_eq!(phone.as_root("who ami").unwrap().unwrap().text, "did it");
    assert_eq!(fake.state().commands.last().unwrap(), "su 0 sh -c 'who ami'");
}

/// Keeps what it is told; a full one does not.
#[derive(Debug, Default)]
struct Notes {
    debts: Mutex<Vec<PendingUndo>>,
    is_full: bool,
}

impl UndoJournal for Notes {
    fn owes(&self, debt: &PendingUndo) -> io::Result<()> {
        self.debts.lock().unwrap().push(debt.clone());
        if self.is_full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

#[test]
fn a_phone_is_sent_through_the_proxy_and_back_to_what_it_had() {
    for before in [None, Some("proxy.example:3128"), Some("127.0.0.1:7878"), Some(":0")] {
        let fake = Fake::new(&[("A", "device")]);
        if let Some(before) = before {
            fake.state().settings.insert("http_proxy".into(), before.into());
        }
        let notes = Notes::default();
        let proxied = PhoneRedirect::begin(fake.server().phone(None).unwrap(), 7878, &notes).unwrap();
        assert_eq!(fake.state().settings["http_proxy"], "127.0.0.1:7878");
        assert_eq!(fake.state().reversed, ["forward:tcp:7878;tcp:7878"]);
        proxied.end().unwrap();
        let kept = before.filter(|before| before.starts_with("proxy")).map(str::to_owned);
        assert_eq!(*notes.debts.lock().unwrap(), [PendingUndo { port: 7878, before: kept.clone() }]);
        assert_eq!(fake.state().settings.get("http_proxy").cloned(), kept);
        assert!(fake.state().reversed.is_empty());
    }
}

#[test]
fn what_is_dropped_is_undone_too() {
    let fake = Fake::new(&[("A", "device")]);
    drop(PhoneRedirect::begin(fake.server().phone(None).unwrap(), 7878, &Notes::default()).unwrap());
    assert!(fake.state().settings.is_empty() && fake.state().reversed.is_empty());
}

#[test]
fn what_cannot_be_written_down_is_not_set() {
    let fake = Fake::new(&[("A", "device")]);
    let full = Notes { is_full: true, ..Notes::default() };
    let says = PhoneRedirect::begin(fake.server().phone(None).unwrap(), 7878, &full).unwrap_err();
    assert!(matches!(says, Error::NotWritten(_)));
    assert!(fake.state().settings.is_empty() && fake.state().reversed.is_empty());
}

#[test]
fn what_the_phone_says_of_a_port_counts_and_not_only_what_the_server_says() {
    let fake = Fake::new(&[("A", "device")]);
    let phone = fake.server().phone(None).unwrap();
    phone.reverse(7878).unwrap();
    assert!(matches!(phone.unreverse(7879), Err(Error::Refused(says)) if says == "listener not found"));
    phone.unreverse(7878).unwrap();
}

#[test]
fn a_debt_is_paid_later_too_but_a_proxy_of_somebody_elses_stays() {
    let fake = Fake::new(&[("A", "device")]);
    let phone = fake.server().phone(None).unwrap();
    let debt = PendingUndo { port: 7878, before: Some("proxy.example:3128".into()) };
    for (now, then) in [("127.0.0.1:7878", "proxy.example:3128"), ("127.0.0.1:7879", "127.0.0.1:7879")] {
        fake.state().settings.insert("http_proxy".into(), now.into());
        debt.pay(&phone).unwrap();
        assert_eq!(fake.state().settings["http_proxy"], then);
    }
}
