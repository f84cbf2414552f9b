//! What one value may look like when it is sent.
//!
//! A program trims, lower-cases, cuts an address short, or leaves the `+` off a
//! number before it sends a value or its digest. Each such *form* has a name,
//! which is what stands in the brackets of a guise: `md5(trim,lower)`.
//!
//! For texts fewer forms are needed than for digests: a search for an address
//! without its scheme finds the whole address too.

mod address;

mod email;

mod expression;

mod identifier;

mod phone;

mod text;

pub(crate) use address::{AbsoluteAddress, host_of};
pub(crate) use expression::expressions;

use model::Canary;

use crate::grams::TextBoundary;

/// Every form of one value.
#[derive(Default)]
pub(crate) struct ValueForms {
    /// Texts to search for.
    pub(crate) texts: Vec<SearchText>,
    /// Bytes to search for.
    pub(crate) bytes: Vec<Vec<u8>>,
    /// Texts whose digests are looked for.
    pub(crate) digested: Vec<DigestText>,
}

/// A text to search for, with the neighbours that it may not have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SearchText {
    pub(crate) text: String,
    pub(crate) before: TextBoundary,
    pub(crate) after: TextBoundary,
    /// An address without its query. Where a canary of its own stands for the
    /// telling part of the path, that one says better what was seen.
    pub(crate) cut_short: bool,
}

/// A text whose digest is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DigestText {
    /// What was done to the value: `trim,lower`; empty if nothing.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// What sort of value it is, and so which forms it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueSort {
    Address,
    Host,
    Email,
    Phone,
    Identifier,
    Text,
}

impl ValueSort {
    /// By what it looks like, and where that leaves it open, by its kind.
    pub(crate) fn of(canary: &Canary) -> Self {
        let value = canary.value.trim();
        match canary.kind.as_str() {
            _ if address::is_address(value) => Self::Address,
            "visited-host" if address::is_host(value) => Self::Host,
            _ if email::is_email(value) => Self::Email,
            "phone" if phone::is_phone(value) => Self::Phone,
            _ if canary.kind.is_identifier() => Self::Identifier,
            _ => Self::Text,
        }
    }
}

/// All forms of a canary's value.
pub(crate) fn of(canary: &Canary) -> ValueForms {
    let mut forms = ValueForms::default();
    let value = canary.value.as_str();
    forms.digested("", value);
    forms.digested("trim", value.trim());
    if !value.is_ascii() {
        text::normal_forms(value.trim()).iter().for_each(|(name, text)| forms.digested(name, text.as_str()));
    }
    match ValueSort::of(canary) {
        ValueSort::Address => address::forms(value.trim(), &mut forms),
        ValueSort::Host => address::host_forms(value.trim(), &mut forms),
        ValueSort::Email => email::forms(value.trim(), &mut forms),
        ValueSort::Phone => phone::forms(value.trim(), &mut forms),
        ValueSort::Identifier => identifier::forms(value.trim(), &mut forms),
        ValueSort::Text => text::forms(value, &mut forms),
    }
    forms.cases();
    forms
}

/// Whether a canary of its own stands for this host.
pub(crate) fn is_host_planted(canaries: &[Canary], host: &str) -> bool {
    let is_host =
        |canary: &Canary| canary.kind.as_str() == "visited-host" && canary.value.trim().eq_ignore_ascii_case(host);
    canaries.iter().any(is_host)
}

impl DigestText {
    /// The value itself or in small letters: what even rare algorithms are
    /// fed with.
    pub(crate) fn is_usual(&self) -> bool {
        matches!(self.name.as_str(), "" | "lower" | "trim" | "trim,lower")
    }

    /// It is the host of an address, and says no more than that.
    pub(crate) fn names_host(&self) -> bool {
        self.name == "host"
    }
}

impl ValueForms {
    /// A text that counts only between such neighbours.
    pub(crate) fn text_between(&mut self, text: impl Into<String>, before: TextBoundary, after: TextBoundary) {
        self.add(SearchText { text: text.into(), before, after, cut_short: false });
    }

    /// An address without its query.
    pub(crate) fn cut_short(&mut self, text: &str) {
        self.add(SearchText {
            text: text.into(),
            before: TextBoundary::Label,
            after: TextBoundary::Cut,
            cut_short: true,
        });
    }

    fn add(&mut self, text: SearchText) {
        if !text.text.is_empty() && !self.texts.contains(&text) {
            self.texts.push(text);
        }
    }

    /// A text whose digest is looked for. Of two names for one text the first
    /// stays.
    pub(crate) fn digested(&mut self, name: &str, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() && !self.digested.iter().any(|known| known.text == text) {
            self.digested.push(DigestText { name: name.to_owned(), text });
        }
    }

    /// What is digested is often brought to small letters before, seldom to
    /// capitals.
    fn cases(&mut self) {
        for form in self.digested.clone() {
            let name = |case: &str| if form.name.is_empty() { case.into() } else { format!("{},{case}", form.name) };
            self.digested(&name("lower"), form.text.to_lowercase());
            if matches!(form.name.as_str(), "" | "trim" | "without-separators") {
                self.digested(&name("upper"), form.text.to_uppercase());
            }
        }
    }
}
