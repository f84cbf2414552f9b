//! A phone that is sent through a proxy on this machine, until this ends.

use crate::{Error, Phone};

/// The setting by which Android sends everything through a proxy.
const PROXY: &str = "http_proxy";

/// While it lives, the phone's traffic goes to a port of this machine's
/// loopback, by the cable: nothing has to listen beyond loopback.
#[derive(Debug)]
pub struct Proxied {
    phone: Phone,
    port: u16,
    before: Option<String>,
    is_undone: bool,
}

impl Proxied {
    pub fn begin(phone: Phone, port: u16) -> Result<Self, Error> {
        let ours = format!("127.0.0.1:{port}");
        // What a run left that was killed is nothing to go back to.
        let before = phone.setting(PROXY)?.filter(|value| *value != ours && value != ":0");
        phone.reverse(port)?;
        let proxied = Self { phone, port, before, is_undone: false };
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
        let back = match &self.before {
            Some(before) => self.phone.set(PROXY, Some(before)),
            // Android keeps the proxy it has until it is told of one that is none.
            None => self.phone.set(PROXY, Some(":0")).and_then(|()| self.phone.set(PROXY, None)),
        };
        let port = self.phone.unreverse(self.port);
        back.and(port)
    }
}

impl Drop for Proxied {
    fn drop(&mut self) {
        // A phone that was pulled off its cable cannot be told.
        let _ = self.undo();
    }
}
