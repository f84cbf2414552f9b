//! A sentence in a file of promises. The class decides which keys it must have.
//! For example, only a promise may have a quotation.

use serde::Deserialize;

use super::{
    Assertion, MakerState, MustClause, NeverClause, OnlyClause, PromiseConditions, Sentence, SentenceClass,
    SentenceSource, ValidityRange,
};

/// A sentence as it stands in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PromiseEntry {
    pub(super) id: String,
    #[serde(default)]
    pub(super) subjects: Vec<String>,
    #[serde(default)]
    pub(super) when: PromiseConditions,
    #[serde(default)]
    pub(super) valid: ValidityRange,
    pub(super) state: Option<MakerState>,
    never: Option<NeverClause>,
    only: Option<OnlyClause>,
    must: Option<MustClause>,
    untestable: Option<String>,
    /// The vendor's words, short.
    quote: Option<String>,
    /// Candor's own words.
    sentence: Option<String>,
    /// A question, in Candor's words.
    question: Option<String>,
    source: String,
    address: Option<String>,
    date: Option<String>,
    archive: Option<String>,
    article: Option<String>,
    /// What is tested, in plain words.
    says: Option<String>,
}

impl PromiseEntry {
    /// The claim of the sentence; it must have exactly one.
    pub(super) fn claim(&self) -> Result<Assertion, String> {
        let claims = [
            self.never.clone().map(Assertion::Never),
            self.only.clone().map(Assertion::Only),
            self.must.clone().map(Assertion::Must),
            self.untestable.clone().map(Assertion::Untestable),
        ];
        let mut claims = claims.into_iter().flatten();
        match (claims.next(), claims.next()) {
            (Some(claim), None) => Ok(claim),
            _ => Err("it claims one of never, only, must and untestable".into()),
        }
    }

    /// The sentence, if its keys are those of its class.
    pub(super) fn sentence(&self, class: SentenceClass) -> Result<Sentence, String> {
        let Self { quote, sentence, question, says, .. } = self;
        let (words, tested) = match (class, quote.clone(), sentence.clone(), question.clone(), says.clone()) {
            (SentenceClass::Promise, Some(quote), None, None, Some(says)) => (quote, says),
            (SentenceClass::Expectation, None, Some(sentence), None, None) => (sentence.clone(), sentence),
            (SentenceClass::Law, None, None, Some(question), Some(says)) => (question, says),
            (SentenceClass::Promise, ..) => {
                return Err("a promise has the maker's words in `quote`, and its test in `says`".into());
            }
            (SentenceClass::Expectation, ..) => {
                return Err(
                    "an expectation has Candor's words in `sentence`, which say what is tested, and no `quote`".into(),
                );
            }
            (SentenceClass::Law, ..) => return Err("a question of law has a `question`, and its test in `says`".into()),
        };
        if (class == SentenceClass::Law) != self.article.is_some() {
            return Err("an `article` belongs to a question of law, and to nothing else".into());
        }
        if [&words, &tested, &self.source].iter().any(|text| text.trim().is_empty()) {
            return Err("its words, its test and its source must all be there".into());
        }
        if class != SentenceClass::Promise && words.contains(['“', '”', '"', '„', '«', '»']) {
            return Err("Candor's own words stand in no quotation marks".into());
        }
        check_date(self.date.as_deref())?;
        let is_digest = |hex: &String| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        if self.archive.as_ref().is_some_and(|archive| !is_digest(archive)) {
            return Err("`archive` is a SHA-256 in hex".into());
        }
        let source = SentenceSource {
            name: self.source.clone(),
            address: self.address.clone(),
            date: self.date.clone(),
            archive: self.archive.clone(),
            article: self.article.clone(),
            valid: self.valid.says(),
        };
        Ok(Sentence { class, words, source, tested })
    }
}

/// Checks a date, which is as exact as the source: `2024`, `2020-05`,
/// `2020-05-04`.
pub(super) fn check_date(date: Option<&str>) -> Result<(), String> {
    let Some(date) = date else { return Ok(()) };
    let is_number = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = date.split('-').collect();
    let fine = match parts.as_slice() {
        [year, rest @ ..] if rest.len() <= 2 => is_number(year, 4) && rest.iter().all(|part| is_number(part, 2)),
        _ => false,
    };
    if fine { Ok(()) } else { Err(format!("date = {date:?} is not a date like 2020-05-04")) }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    const NEVER: &str = "never = { kinds = [\"search\"] }";

    fn read(keys: &str) -> Result<super::super::Promise, String> {
        parse(&format!("{keys}\n{NEVER}\n")).map(|mut all| all.remove(0))
    }

    #[test]
    fn a_promise_is_quoted_and_says_what_was_tested() {
        let promise = read(
            "[[promise]]\nid='p'\nquote='No!'\nsource='A notice'\ndate='2020-05-04'\naddress='https://a'\nsays='none is sent'",
        );
        let sentence = promise.expect("it is whole").sentence;
        assert_eq!((sentence.shown().as_str(), sentence.tested.as_str()), ("“No!”", "none is sent"));
        assert_eq!(sentence.whose(), "promise, the maker’s own words: A notice, 2020-05-04, https://a");
    }

    #[test]
    fn an_expectation_is_in_our_words_and_in_no_quotation_marks() {
        let sentence =
            read("[[expectation]]\nid='e'\nsentence='None is sent.'\nsource='A paper'").expect("it is whole").sentence;
        assert_eq!((sentence.shown(), sentence.tested.clone()), ("None is sent.".into(), "None is sent.".into()));
        assert_eq!(sentence.whose(), "expectation, in Candor’s words: A paper");
        for wrong in ["quote='None.'", "sentence='They say “None.”'", "sentence='None.'\nsays='x'", "sentence=' '"]
        {
            assert!(read(&format!("[[expectation]]\nid='e'\nsource='A paper'\n{wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_question_of_law_names_its_article_and_nothing_else_does() {
        let law = "[[law]]\nid='l'\nquestion='Is it off?'\nsource='A regulation'\nsays='none is sent'";
        let sentence = read(&format!("{law}\narticle='GDPR Art. 25(2)'")).expect("it is whole").sentence;
        assert_eq!(sentence.whose(), "question of law, for an authority: GDPR Art. 25(2), A regulation");
        assert!(read(law).is_err());
        assert!(read("[[promise]]\nid='p'\nquote='q'\nsource='s'\nsays='t'\narticle='a'").is_err());
    }

    #[test]
    fn what_is_not_a_date_a_digest_or_a_key_is_refused() {
        let promise = "[[promise]]\nid='p'\nquote='q'\nsource='s'\nsays='t'";
        for right in ["date='2024'", "date='2024-05'", "date='2024-05-06'"] {
            assert!(read(&format!("{promise}\n{right}")).is_ok(), "{right}");
        }
        for wrong in ["date='May 2024'", "date='2024-5'", "archive='abc'", "qoute='q'", "sentence='s'"] {
            assert!(read(&format!("{promise}\n{wrong}")).is_err(), "{wrong}");
        }
    }
}
