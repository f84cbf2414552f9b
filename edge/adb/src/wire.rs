//! The messages on the socket (adb's `SERVICES.TXT`).

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::Error;

/// A sleeping phone answers after some seconds; a longer wait means that it is gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Answers are short lists and the output of short commands.
const LONGEST: u64 = 16 << 20;

/// A connection to the server. Each request needs a new one.
pub(crate) struct AdbConnection(TcpStream);

impl AdbConnection {
    pub(crate) fn open(server: SocketAddr) -> Result<Self, Error> {
        let stream = TcpStream::connect_timeout(&server, PATIENCE)
            .map_err(|error| Error::NoServer(server.to_string(), error))?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(Error::Wire)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(Error::Wire)?;
        Ok(Self(stream))
    }

    /// Requests a service: four hexadecimal digits of length, then its name.
    pub(crate) fn ask(&mut self, service: &str) -> Result<(), Error> {
        let request = format!("{:04x}{service}", service.len());
        self.write(request.as_bytes())?;
        self.okay()
    }

    pub(crate) fn okay(&mut self) -> Result<(), Error> {
        match &self.take::<4>()? {
            b"OKAY" => Ok(()),
            b"FAIL" => Err(Error::Refused(self.counted()?)),
            _ => Err(Error::Strange),
        }
    }

    /// Reads an answer that begins with its length in four hexadecimal digits.
    pub(crate) fn counted(&mut self) -> Result<String, Error> {
        let digits = self.take::<4>()?;
        let length = std::str::from_utf8(&digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let mut text = vec![0; length.ok_or(Error::Strange)?];
        self.0.read_exact(&mut text).map_err(Error::Wire)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// The socket, without timeouts, for the caller and the service that was asked for.
    pub(crate) fn into_stream(self) -> Result<TcpStream, Error> {
        self.0.set_read_timeout(None).map_err(Error::Wire)?;
        self.0.set_write_timeout(None).map_err(Error::Wire)?;
        Ok(self.0)
    }

    /// Reads until the server closes the connection, at most `LONGEST` bytes.
    pub(crate) fn rest(&mut self) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        Read::by_ref(&mut self.0).take(LONGEST).read_to_end(&mut all).map_err(Error::Wire)?;
        Ok(all)
    }

    /// A message of the file service: a name of four letters, a number, bytes.
    pub(crate) fn send(&mut self, name: &[u8; 4], number: u32, bytes: &[u8]) -> Result<(), Error> {
        self.write(name)?;
        self.write(&number.to_le_bytes())?;
        self.write(bytes)
    }

    /// Reads the final answer of the file service.
    pub(crate) fn sent(&mut self) -> Result<(), Error> {
        let (name, number) = (self.take::<4>()?, u32::from_le_bytes(self.take::<4>()?));
        let mut says = vec![0; usize::try_from(number.min(4096)).unwrap_or_default()];
        self.0.read_exact(&mut says).map_err(Error::Wire)?;
        match &name {
            b"OKAY" => Ok(()),
            b"FAIL" => Err(Error::Refused(String::from_utf8_lossy(&says).into_owned())),
            _ => Err(Error::Strange),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.0.write_all(bytes).map_err(Error::Wire)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).map_err(Error::Wire)?;
        Ok(bytes)
    }
}
