//! `candor list`: what Candor knows.

use anyhow::Result;
use clap::ValueEnum;
use knowledge::Knowledge;

use crate::exit::{ExitStatus, print};

/// Show what Candor knows: subjects, scenarios, promises, kinds, owners, formats, decoders
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    what: ListTopic,
    #[command(flatten)]
    known: super::KnowledgeArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ListTopic {
    Subjects,
    Scenarios,
    Promises,
    Kinds,
    Owners,
    Formats,
    Decoders,
}

impl ListArgs {
    pub fn run(self) -> Result<ExitStatus> {
        let knowledge = self.known.read()?;
        let rows: Vec<(String, String)> = match self.what {
            ListTopic::Subjects => subjects(&knowledge),
            ListTopic::Scenarios => knowledge.scenarios.iter().map(|s| (s.name.clone(), s.says.clone())).collect(),
            ListTopic::Promises => knowledge.promises.iter().map(promise).collect(),
            ListTopic::Kinds => knowledge.kinds.all().iter().map(|kind| (kind.id.clone(), kind.says.clone())).collect(),
            ListTopic::Owners => {
                let row = |o: &knowledge::owners::Owner| {
                    (o.name.clone(), format!("{}, {}: {} hosts", o.legal, o.seat, o.hosts.len()))
                };
                knowledge.owners.iter().map(row).collect()
            }
            ListTopic::Formats => formats::formats().map(|f| (f.name.to_owned(), f.says.to_owned())).collect(),
            ListTopic::Decoders => decode::decoders().map(|d| (d.name.to_owned(), d.about.to_owned())).collect(),
        };
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, says) in rows {
            print(&format!("{name:width$}  {says}\n"));
        }
        Ok(ExitStatus::Clean)
    }
}

/// A promise's id and sentence, and who said it.
fn promise(promise: &knowledge::promises::Promise) -> (String, String) {
    let sentence = &promise.sentence;
    (promise.id.clone(), format!("{} ({})", sentence.shown(), sentence.whose()))
}

fn subjects(knowledge: &Knowledge) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for subject in &knowledge.subjects {
        let says = if subject.simulation { format!("simulation: {}", subject.says) } else { subject.says.clone() };
        rows.push((subject.name.clone(), says));
        let of = |edition: &knowledge::subjects::SubjectEdition| {
            (format!("{}@{}", subject.name, edition.name), edition.says.clone())
        };
        rows.extend(subject.editions.iter().map(of));
    }
    rows
}
