//! A simulated phone: a program that does what a person does with a phone. Each
//! act is one line on its standard input.
//!
//! It is used where there is no real phone. It runs in the cell without a proxy
//! setting; its traffic is redirected to Candor, as a gateway would do.

use std::{fmt, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{ChildStdin, ChildStdout},
    time::timeout,
};

use super::launch::{LaunchSpec, LaunchTrust};
use crate::{
    Error,
    cell::{Cell, CellProcess, CellProgram},
};

/// How long a start, or one act, may take.
const PATIENCE: Duration = Duration::from_secs(20);

const CLOSE: Duration = Duration::from_secs(2);

/// A running phone. Dropped, it is killed.
pub struct PhoneDriver {
    process: CellProcess,
    input: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl fmt::Debug for PhoneDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(..)")
    }
}

impl PhoneDriver {
    /// Starts the `phone.py` of its folder, and waits until it is ready.
    pub async fn start(cell: &Cell, launch: &LaunchSpec) -> Result<Self, Error> {
        if let LaunchTrust::Authority(pem) = &launch.trust {
            cell.trust(pem).await?;
        }
        let folder = launch.extensions.first().ok_or(Error::NoPage("a phone without a program"))?;
        let program = CellProgram::new(&launch.program).args([folder.join("phone.py").display().to_string()]);
        let mut process = cell.start(program).await?;
        let (Some(input), Some(output)) = (process.input.take(), process.output.take()) else {
            return Err(Error::CellGone);
        };
        let mut phone = Self { process, input, answers: BufReader::new(output) };
        phone.answer("ready").await?;
        Ok(phone)
    }

    pub fn runs(&mut self) -> bool {
        self.process.runs()
    }

    /// Opens a folder, and a screen in this folder.
    pub async fn open(&mut self, folder: &str, screen: &str) -> Result<(), Error> {
        // If the program has ended, reading its answer fails below.
        let _ = self.input.write_all(format!("open\t{folder}\t{screen}\n").as_bytes()).await;
        let _ = self.input.flush().await;
        self.answer("opened").await
    }

    async fn answer(&mut self, expected: &str) -> Result<(), Error> {
        let mut line = String::new();
        let read = timeout(PATIENCE, self.answers.read_line(&mut line)).await;
        if read.is_ok_and(|read| read.is_ok()) && line.trim_end() == expected {
            return Ok(());
        }
        let says = self.process.said();
        Err(Error::EndedEarly { program: "the phone".to_owned(), says })
    }

    /// Switches it off.
    pub async fn close(mut self) {
        self.process.ask_to_end();
        self.process.ended(CLOSE).await;
        self.process.kill().await;
    }

    /// Ends it at once.
    pub async fn kill(self) {
        self.process.kill().await;
    }

    /// Kills it but keeps the handle, so that tests see how a crash is handled.
    pub async fn crash(&mut self) {
        self.process.strike().await;
    }
}
