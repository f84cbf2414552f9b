//! `candor ca`: the certificate authority of capture and guard.

use anyhow::Result;

use crate::{
    exit::{Exit, print},
    live::{authority, folder},
};

/// Show, install or remove the certificate authority of capture and guard
///
/// Candor reads encrypted traffic by answering with certificates of its own.
/// Their authority is made once for each person, on this machine, and its key
/// never leaves it. Only what is told to trust it can be read.
#[derive(Debug, clap::Args)]
pub struct Ca {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Show(Show),
}

/// Show the certificate, its fingerprint, and where it is kept
#[derive(Debug, clap::Args)]
struct Show {
    /// Print the certificate alone, as PEM
    #[arg(long)]
    pem: bool,
}

impl Ca {
    pub fn run(self) -> Result<Exit> {
        match self.what {
            What::Show(show) => show.run(),
        }
    }
}

impl Show {
    fn run(&self) -> Result<Exit> {
        let home = folder::of_the_person()?;
        let authority = authority::kept(&home)?;
        if self.pem {
            print(authority.cert_pem());
            return Ok(Exit::Clean);
        }
        print(&format!("{}\n  SHA-256 {}\n", authority::file(&home).display(), authority.fingerprint()));
        Ok(Exit::Clean)
    }
}
