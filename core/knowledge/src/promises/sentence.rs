//! Whose words a sentence is, and where they stand.
//!
//! Only a maker can break a promise. What we, or a paper, expect of it was never
//! promised; and what a law asks is not ours to answer. So each sentence has a
//! class, and its source goes with it wherever it is shown.

/// Whose sentence it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SentenceClass {
    /// The maker's own words, verbatim.
    #[default]
    Promise,
    /// What we, or a paper, expect; in Candor's words.
    Expectation,
    /// A question of law, which an authority answers.
    Law,
}

impl SentenceClass {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Promise => "promise",
            Self::Expectation => "expectation",
            Self::Law => "law",
        }
    }
}

/// A sentence that a verdict is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    pub class: SentenceClass,
    /// Of a promise the maker's words; else Candor's.
    pub words: String,
    pub source: SentenceSource,
    /// What was tested, in plain words. Of an expectation the sentence itself.
    pub tested: String,
}

/// Where a sentence stands, or what it rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentenceSource {
    /// What it is: a notice, a paper, an article of law.
    pub name: String,
    pub address: Option<String>,
    /// When it was said, as the source has it: `2020-05-04`, `2024`.
    pub date: Option<String>,
    /// SHA-256 of the archived source, in hex, if there is one.
    pub archive: Option<String>,
    /// Of a question of law: `GDPR Art. 25(2)`.
    pub article: Option<String>,
    /// What it is said of, if not of everything: versions, days, a territory.
    pub valid: Option<String>,
}

impl Sentence {
    /// As people read it: only what somebody else said stands in quotation marks.
    pub fn shown(&self) -> String {
        match self.class {
            SentenceClass::Promise => format!("“{}”", self.words),
            SentenceClass::Expectation | SentenceClass::Law => self.words.clone(),
        }
    }

    /// Whose words these are, and where they stand, in one line.
    pub fn whose(&self) -> String {
        let class = match self.class {
            SentenceClass::Promise => "promise, the maker’s own words",
            SentenceClass::Expectation => "expectation, in Candor’s words",
            SentenceClass::Law => "question of law, for an authority",
        };
        format!("{class}: {}", self.source.line())
    }
}

impl SentenceSource {
    /// `GDPR Art. 25(2), Regulation (EU) 2016/679, https://…`
    pub fn line(&self) -> String {
        let archive = self.archive.as_ref().map(|digest| format!("archived, SHA-256 {digest}"));
        let parts = [&self.article, &Some(self.name.clone()), &self.date, &self.address, &archive, &self.valid];
        parts.into_iter().flatten().cloned().collect::<Vec<String>>().join(", ")
    }
}
