//! How `candor open` finds a running guard: by a file that only the person can
//! read, and that exists as long as the guard runs.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use model::Mode;
use serde::{Deserialize, Serialize};
use serve::DevicePort;

use crate::live::folder;

/// The addresses of a running guard.
#[derive(Clone, Deserialize, Serialize)]
pub struct RunningGuard {
    pub normal: SocketAddr,
    pub private: SocketAddr,
    pub page: SocketAddr,
    /// The key by which Candor's programs authenticate to the page.
    pub key: String,
}

/// The file of a running guard. Dropped, the file is removed.
pub struct GuardAnnouncement {
    path: PathBuf,
    text: String,
}

impl RunningGuard {
    pub fn at(ways: &[DevicePort], page: SocketAddr, key: &str) -> Self {
        let of = |mode| ways.iter().find(|way| way.mode == mode).map_or(page, |way| way.address);
        Self { normal: of(Mode::Normal), private: of(Mode::Private), page, key: key.to_owned() }
    }

    /// Writes the file of this guard. If another guard of this person has the first
    /// file, this one gets a name with its port.
    pub fn announce(&self, guard: &Path) -> Result<GuardAnnouncement> {
        let first = guard.join(FIRST);
        let is_taken = read(&first).is_ok_and(|other| other.page != self.page && other.is_there());
        let path = if is_taken { guard.join(format!("running-{}.toml", self.page.port())) } else { first };
        let failed = || format!("cannot write {}", path.display());
        let beside = path.with_extension("new");
        let _ = fs::remove_file(&beside);
        let text = toml::to_string(self).with_context(failed)?;
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).with_context(failed)?;
        file.write_all(text.as_bytes()).with_context(failed)?;
        fs::rename(&beside, &path).with_context(failed)?;
        Ok(GuardAnnouncement { path, text })
    }

    /// The running guard of this person; of several, the first in the order of their files.
    pub fn find(guard: &Path) -> Result<Self> {
        let none = "no guard runs: start `candor guard` first, and leave it running";
        let mut paths: Vec<PathBuf> = fs::read_dir(guard).context(none)?.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| is_an_announcement(path));
        // `running.toml` before `running-7881.toml`.
        paths.sort_by_key(|path| (!path.ends_with(FIRST), path.clone()));
        for path in paths {
            folder::is_ours_alone(&path)?;
            // A killed guard could not remove its file.
            if let Some(running) = read(&path).ok().filter(Self::is_there) {
                return Ok(running);
            }
        }
        bail!(none)
    }

    /// A link to the guard's page `to` that lets one browser in, once.
    pub fn link(&self, to: &str) -> Result<String> {
        let failed = || format!("the guard at {} gave no link", self.page);
        let wish = serde_json::json!({"to": to}).to_string();
        let mut stream = TcpStream::connect(self.page).with_context(failed)?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).with_context(failed)?;
        write!(
            stream,
            "POST /api/link HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{wish}",
            self.page,
            self.key,
            wish.len()
        )
        .with_context(failed)?;
        let mut answer = String::new();
        stream.take(64 << 10).read_to_string(&mut answer).with_context(failed)?;
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        let said: serde_json::Value = serde_json::from_str(body).with_context(failed)?;
        Ok(said["link"].as_str().with_context(failed)?.to_owned())
    }

    /// Whether this user still listens on all of the guard's ports. If the guard was
    /// killed, another user of this machine may listen there, and would get the key and
    /// the browser's traffic.
    fn is_there(&self) -> bool {
        let me = rustix::process::geteuid().as_raw();
        let is_ours = |address: &SocketAddr| {
            let users = proxy::listening_users(*address);
            !users.is_empty() && users.iter().all(|user| *user == me)
        };
        [self.page, self.normal, self.private].iter().all(is_ours)
            && TcpStream::connect_timeout(&self.page, Duration::from_secs(2)).is_ok()
    }
}

impl Drop for GuardAnnouncement {
    fn drop(&mut self) {
        // Another guard may have replaced the file.
        if fs::read_to_string(&self.path).is_ok_and(|text| text == self.text) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

const FIRST: &str = "running.toml";

fn is_an_announcement(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("running") && name.ends_with(".toml")
}

fn read(path: &Path) -> Result<RunningGuard> {
    Ok(toml::from_str(&fs::read_to_string(path)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_is_found_while_it_runs() {
        let at = tempfile::tempdir().unwrap();
        let page = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = page.local_addr().unwrap();
        assert!(RunningGuard::find(at.path()).is_err());
        let running = RunningGuard { normal: address, private: address, page: address, key: "k".into() };
        let announced = running.announce(at.path()).unwrap();
        assert_eq!(RunningGuard::find(at.path()).unwrap().key, "k");
        drop(announced);
        assert!(RunningGuard::find(at.path()).is_err());
    }

    #[test]
    fn a_guard_whose_ports_another_user_has_is_not_found() {
        let ours = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let Some((mut other, taken)) = listener_of_nobody() else { return };
        for taken_port in ["normal", "private", "page"] {
            let at = tempfile::tempdir().unwrap();
            let address = |port| if port == taken_port { taken } else { ours.local_addr().unwrap() };
            let [normal, private, page] = ["normal", "private", "page"].map(address);
            let running = RunningGuard { normal, private, page, key: "k".into() };
            let _announced = running.announce(at.path()).unwrap();
            assert!(RunningGuard::find(at.path()).is_err(), "{taken_port}");
        }
        other.kill().unwrap();
        other.wait().unwrap();
    }

    /// A socket of another user; none if we may not start a process as another user.
    fn listener_of_nobody() -> Option<(std::process::Child, SocketAddr)> {
        let script = "import socket,sys\ns=socket.create_server((\"127.0.0.1\",0))\nprint(s.getsockname()[1],flush=True)\nsys.stdin.read()";
        let mut child = std::process::Command::new("setpriv")
            .args(["--reuid", "65534", "--clear-groups", "/usr/bin/python3", "-c", script])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .ok()?;
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut()?), &mut line).ok()?;
        let port: u16 = line.trim().parse().ok()?;
        Some((child, SocketAddr::from(([127, 0, 0, 1], port))))
    }

    #[test]
    fn two_guards_of_one_person_leave_each_others_file_alone() {
        let at = tempfile::tempdir().unwrap();
        let pages = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let guards = [0, 1].map(|i| {
            let address = pages[i].local_addr().unwrap();
            RunningGuard { normal: address, private: address, page: address, key: format!("k{i}") }
        });
        let first = guards[0].announce(at.path()).unwrap();
        let second = guards[1].announce(at.path()).unwrap();
        assert_eq!(RunningGuard::find(at.path()).unwrap().key, "k0");
        drop(first);
        assert_eq!(RunningGuard::find(at.path()).unwrap().key, "k1");
        let again = guards[0].announce(at.path()).unwrap();
        drop(second);
        assert_eq!(RunningGuard::find(at.path()).unwrap().key, "k0");
        drop(again);
        assert!(RunningGuard::find(at.path()).is_err());
    }
}
