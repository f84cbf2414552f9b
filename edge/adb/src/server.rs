//! The adb server on this machine.

use std::net::{Ipv4Addr, SocketAddr};

use crate::{Error, Phone, wire::AdbConnection};

/// The server's default port.
const PORT: u16 = 5037;

/// The server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdbServer(pub(crate) SocketAddr);

/// A phone as the server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdbDevice {
    pub serial: String,
    /// `device` once it may be used; `unauthorized`, `offline` …
    pub state: String,
}

impl AdbServer {
    /// The server of this machine (`ANDROID_ADB_SERVER_PORT`, as adb has it).
    pub fn local() -> Self {
        let port = std::env::var("ANDROID_ADB_SERVER_PORT").ok().and_then(|port| port.parse().ok());
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(PORT))))
    }

    pub fn at(address: SocketAddr) -> Self {
        Self(address)
    }

    /// The version of its protocol.
    pub fn version(&self) -> Result<u32, Error> {
        let mut wire = AdbConnection::open(self.0)?;
        wire.ask("host:version")?;
        u32::from_str_radix(&wire.counted()?, 16).map_err(|_| Error::Strange)
    }

    /// Phones that are connected, whatever their state.
    pub fn devices(&self) -> Result<Vec<AdbDevice>, Error> {
        let mut wire = AdbConnection::open(self.0)?;
        wire.ask("host:devices")?;
        let read = |line: &str| {
            let (serial, state) = line.split_once('\t')?;
            Some(AdbDevice { serial: serial.to_owned(), state: state.to_owned() })
        };
        Ok(wire.counted()?.lines().filter_map(read).collect())
    }

    /// The phone with this serial number. Without a number: the only phone there is.
    pub fn phone(&self, serial: Option<&str>) -> Result<Phone, Error> {
        let devices = self.devices()?;
        let device = match (serial, &devices[..]) {
            (Some(serial), all) => all.iter().find(|device| device.serial == serial).ok_or(Error::NoPhone)?,
            (None, [one]) => one,
            (None, []) => return Err(Error::NoPhone),
            (None, many) => {
                let all: Vec<&str> = many.iter().map(|device| device.serial.as_str()).collect();
                return Err(Error::ManyPhones(all.join(", ")));
            }
        };
        if device.state != "device" {
            return Err(Error::NotReady(device.serial.clone(), device.state.clone()));
        }
        Ok(Phone::new(*self, &device.serial))
    }
}
