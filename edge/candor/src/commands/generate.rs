//! `candor generate`: completions and manual pages, for packagers.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Command, CommandFactory, ValueEnum};
use clap_complete::Shell;

use crate::exit::{ExitStatus, print};

/// Print shell completions, or write the manual pages
#[derive(Debug, clap::Args)]
pub struct GenerateArgs {
    what: GenerateTarget,
    /// Folder for the manual pages
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum GenerateTarget {
    Bash,
    Fish,
    Zsh,
    Man,
}

impl GenerateArgs {
    pub fn run(self) -> Result<ExitStatus> {
        let mut candor = super::Candor::command();
        let shell = match self.what {
            GenerateTarget::Bash => Shell::Bash,
            GenerateTarget::Fish => Shell::Fish,
            GenerateTarget::Zsh => Shell::Zsh,
            GenerateTarget::Man => return self.pages(candor),
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut candor, "candor", &mut script);
        print(&String::from_utf8_lossy(&script));
        Ok(ExitStatus::Clean)
    }

    fn pages(&self, candor: Command) -> Result<ExitStatus> {
        let failed = || format!("cannot write manual pages to {}", self.out.display());
        std::fs::create_dir_all(&self.out).with_context(failed)?;
        clap_mangen::generate_to(candor, &self.out).with_context(failed)?;
        Ok(ExitStatus::Clean)
    }
}
