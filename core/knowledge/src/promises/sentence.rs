//! The author and the source of a sentence.
//!
//! Only a maker can break a promise. An expectation, of Candor or of a paper,
//! was never promised. A question of law is not for Candor to answer. So each
//! sentence has a class, and its source is shown wherever the sentence is shown.

/// The class of a sentence, which says whose words it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SentenceClass {
    /// The maker's own words, verbatim.
    #[default]
    Promise,
    /// An expectation of Candor or of a paper, in Candor's words.
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
    /// The maker's words for a promise; else Candor's words.
    pub words: String,
    pub source: SentenceSource,
    /// What was tested, in plain words. For an expectation it is the sentence
    /// itself.
    pub tested: String,
}

/// The source of a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentenceSource {
    /// The name of the source: a notice, a paper, a law.
    pub name: String,
    pub address: Option<String>,
    /// The date in the source: `2020-05-04`, `2024`.
    pub date: Option<String>,
    /// SHA-256 of the archived source, in hex, if there is one.
    pub archive: Option<String>,
    /// The article, for a question of law: `GDPR Art. 25(2)`.
    pub article: Option<String>,
    /// The limits of the sentence, if it has any: versions, dates, a territory.
    pub valid: Option<String>,
}

impl Sentence {
    /// The sentence for people. Only the maker's own words are in quotation
    /// marks.
    pub fn shown(&self) -> String {
        match self.class {
            SentenceClass::Promise => format!("“{}”", self.words),
            SentenceClass::Expectation | SentenceClass::Law => self.words.clone(),
        }
    }

    /// Class and source in one line.
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
