//! Sends a phone's traffic through a proxy on this machine, and undoes it.

use std::{fmt, io};

use crate::{Error, Phone};

/// Android's global setting for an HTTP proxy.
const PROXY: &str = "http_proxy";

/// The changes to a phone that are to be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingUndo {
    pub port: u16,
    /// The phone's proxy before the change, if it had one.
    pub before: Option<String>,
}

/// Stores pending changes outside the process, so that they can be undone after
/// it was killed.
pub trait UndoJournal: fmt::Debug + Send + Sync {
    /// Is called before the phone is changed.
    fn owes(&self, debt: &PendingUndo) -> io::Result<()>;
}

/// Sends the phone's traffic to a loopback port of this machine, through adb, so
/// that nothing has to listen beyond loopback. Dropped, it undoes this.
#[derive(Debug)]
pub struct PhoneRedirect {
    phone: Phone,
    debt: PendingUndo,
    is_undone: bool,
}

impl PendingUndo {
    /// Restores the phone's settings. A proxy that someone else set meanwhile is kept.
    pub fn pay(&self, phone: &Phone) -> Result<(), Error> {
        let back = match phone.setting(PROXY)? {
            Some(now) if now == self.ours() => match &self.before {
                Some(before) => phone.set(PROXY, Some(before)),
                // Deleting the setting is not enough: Android keeps its proxy until it gets
                // an empty one (`:0`).
                None => phone.set(PROXY, Some(":0")).and_then(|()| phone.set(PROXY, None)),
            },
            _ => Ok(()),
        };
        let port = match phone.unreverse(self.port) {
            // The forwarding has already ended with the connection to the phone.
            Err(Error::Refused(_)) => Ok(()),
            other => other,
        };
        back.and(port)
    }

    fn ours(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl PhoneRedirect {
    pub fn begin(phone: Phone, port: u16, diary: &dyn UndoJournal) -> Result<Self, Error> {
        let mut debt = PendingUndo { port, before: None };
        // Candor's own proxy, left by a killed run, must not be restored later.
        debt.before = phone.setting(PROXY)?.filter(|value| *value != debt.ours() && value != ":0");
        diary.owes(&debt).map_err(Error::NotWritten)?;
        phone.reverse(port)?;
        let ours = debt.ours();
        let proxied = Self { phone, debt, is_undone: false };
        proxied.phone.set(PROXY, Some(&ours))?;
        Ok(proxied)
    }

    /// Restores the phone's settings; the error says what could not be restored.
    pub fn end(mut self) -> Result<(), Error> {
        self.undo()
    }

    fn undo(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.is_undone, true) {
            return Ok(());
        }
        self.debt.pay(&self.phone)
    }
}

impl Drop for PhoneRedirect {
    fn drop(&mut self) {
        // This fails if the phone is unplugged.
        let _ = self.undo();
    }
}
