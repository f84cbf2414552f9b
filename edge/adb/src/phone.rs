//! One phone: commands, files, ports.

use std::net::TcpStream;

use crate::{AdbServer, Error, wire::AdbConnection};

/// A phone that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    server: AdbServer,
    serial: String,
}

/// Output and exit status of a command on a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandOutput {
    pub text: String,
    pub status: i32,
}

/// Bytes of a file in one message (`SYNC_DATA_MAX`).
const PIECE: usize = 64 << 10;
/// Printed before the exit status, because the plain shell service returns none.
const STATUS: &str = "candor-status:";

impl Phone {
    pub(crate) fn new(server: AdbServer, serial: &str) -> Self {
        Self { server, serial: serial.to_owned() }
    }

    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// Runs a command and returns its output. Each word is quoted, so that the
    /// phone's shell does not expand it.
    pub fn shell(&self, words: &[&str]) -> Result<CommandOutput, Error> {
        let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
        let mut wire = self.service(&format!("shell:{}; echo {STATUS}$?", quoted.join(" ")))?;
        let all = String::from_utf8_lossy(&wire.rest()?).replace("\r\n", "\n");
        let (text, status) = all.rsplit_once(STATUS).ok_or(Error::Strange)?;
        let status = status.trim().parse().map_err(|_| Error::Strange)?;
        Ok(CommandOutput { text: text.trim_end_matches('\n').to_owned(), status })
    }

    /// Like [`Self::shell`], but an exit status other than 0 is an error.
    pub fn run(&self, words: &[&str]) -> Result<String, Error> {
        let said = self.shell(words)?;
        if said.status != 0 {
            return Err(Error::Command(words.join(" "), said.text));
        }
        Ok(said.text)
    }

    /// Runs a script as root. None: the phone gives no root access.
    pub fn as_root(&self, script: &str) -> Result<Option<CommandOutput>, Error> {
        // Three ways to be root; for each, the command that prints the user id and
        // the command that runs a script as this user.
        let ways: [(&[&str], &[&str]); 3] = [
            (&["id", "-u"], &["sh", "-c"]),
            (&["su", "0", "id", "-u"], &["su", "0", "sh", "-c"]),
            (&["su", "-c", "id -u"], &["su", "-c"]),
        ];
        for (asks, does) in ways {
            let said = self.shell(asks)?;
            if said.status == 0 && said.text.trim() == "0" {
                return self.shell(&[does, &[script]].concat()).map(Some);
            }
        }
        Ok(None)
    }

    /// Writes a file onto the phone.
    pub fn push(&self, bytes: &[u8], path: &str) -> Result<(), Error> {
        let mut wire = self.service("sync:")?;
        let place = format!("{path},33188"); // a file that all may read: 0100644
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| Error::Strange);
        wire.send(b"SEND", length(place.as_bytes())?, place.as_bytes())?;
        for piece in bytes.chunks(PIECE) {
            wire.send(b"DATA", length(piece)?, piece)?;
        }
        wire.send(b"DONE", 0, b"")?;
        wire.sent()?;
        wire.send(b"QUIT", 0, b"")
    }

    /// Forwards a port of the phone's loopback to the same port of this machine's
    /// (`adb reverse`). Two answers come: the server has asked, the phone has done it.
    pub fn reverse(&self, port: u16) -> Result<(), Error> {
        self.service(&format!("reverse:forward:tcp:{port};tcp:{port}"))?.okay()
    }

    /// Ends the forwarding of this port.
    pub fn unreverse(&self, port: u16) -> Result<(), Error> {
        self.service(&format!("reverse:killforward:tcp:{port}"))?.okay()
    }

    /// Connects to an abstract Unix socket on the phone.
    pub fn socket(&self, name: &str) -> Result<TcpStream, Error> {
        self.service(&format!("localabstract:{name}"))?.into_stream()
    }

    /// The value of a global setting; none if it is not set.
    pub fn setting(&self, name: &str) -> Result<Option<String>, Error> {
        let value = self.run(&["settings", "get", "global", name])?;
        Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty() && value != "null"))
    }

    /// Sets a global setting; none deletes it.
    pub fn set(&self, name: &str, value: Option<&str>) -> Result<(), Error> {
        match value {
            Some(value) => self.run(&["settings", "put", "global", name, value]).map(drop),
            None => self.run(&["settings", "delete", "global", name]).map(drop),
        }
    }

    fn service(&self, name: &str) -> Result<AdbConnection, Error> {
        let mut wire = AdbConnection::open(self.server.0)?;
        wire.ask(&format!("host:transport:{}", self.serial))?;
        wire.ask(name)?;
        Ok(wire)
    }
}

/// Quotes a word for the phone's shell.
fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_word() {
        for (word, quoted) in [("id", "id"), ("", "''"), ("a b", "'a b'"), ("it's; rm", r"'it'\''s; rm'")] {
            assert_eq!(quote(word), quoted);
        }
    }
}
