//! A phone that is sent through a proxy on this machine, until this ends.

use std::{fmt, io};

use crate::{Error, Phone};

/// The setting by which Android sends everything through a proxy.
const PROXY: &str = "http_proxy";

/// What a phone is owed once it was sent through a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingUndo {
    pub port: u16,
    /// Its own proxy, if it had one.
    pub before: Option<String>,
}

/// Keeps what a phone is owed where a process that is killed does not lose it.
pub trait UndoJournal: fmt::Debug + Send + Sync {
    /// Told before anything is set.
    fn owes(&self, debt: &PendingUndo) -> io::Result<()>;
}

/// While it lives, the phone's traffic goes to a port of this machine's
/// loopback, by the cable: nothing has to listen beyond loopback.
#[derive(Debug)]
pub struct PhoneRedirect {
    phone: Phone,
    debt: PendingUndo,
    is_undone: bool,
}

impl PendingUndo {
    /// Pays it. A proxy that somebody else set in the meantime stays.
    pub fn pay(&self, phone: &Phone) -> Result<(), Error> {
        let back = match phone.setting(PROXY)? {
            Some(now) if now == self.ours() => match &self.before {
                Some(before) => phone.set(PROXY, Some(before)),
                // Android keeps the proxy it has until it is told of one that is none.
                None => phone.set(PROXY, Some(":0")).and_then(|()| phone.set(PROXY, None)),
            },
            _ => Ok(()),
        };
        let port = match phone.unreverse(self.port) {
            // It went with the cable.
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
        // What a run left that was killed is nothing to go back to.
        debt.before = phone.setting(PROXY)?.filter(|value| *value != debt.ours() && value != ":0");
        diary.owes(&debt).map_err(Error::NotWritten)?;
        phone.reverse(port)?;
        let ours = debt.ours();
        let proxied = Self { phone, debt, is_undone: false };
        proxied.phone.set(PROXY, Some(&ours))?;
        Ok(proxied)
    }

    /// Undoes it all, and says what could not be undone.
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
        // A phone that was pulled off its cable cannot be told.
        let _ = self.undo();
    }
}
