//! What became of a sentence that was judged, in one word.
//!
//! A maker's promise is *kept* or *broken*; an expectation, which the maker
//! never made its own, is *met* or *not met*; a question of law is handed on.
//! The other words say why none of these can be said.

/// One word, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Of a promise: a sighting that can be replayed shows the contrary.
    Broken,
    /// Of an expectation: the same.
    NotMet,
    /// It was tested, and something stood in the way of saying more.
    Unclear,
    /// It was not tested in this run.
    Untested,
    /// No run could test it.
    Untestable,
    /// A question of law: the facts are shown, the answer is not Candor's.
    ForAuthority,
    /// Nothing was reported that it could be about.
    Vacuous,
    /// Of a promise: nothing against it was seen where it would have shown.
    Kept,
    /// Of an expectation: the same.
    Met,
}

impl Outcome {
    /// Every word, the gravest first.
    pub const ALL: [Self; 9] = [
        Self::Broken,
        Self::NotMet,
        Self::Unclear,
        Self::Untested,
        Self::Untestable,
        Self::ForAuthority,
        Self::Vacuous,
        Self::Kept,
        Self::Met,
    ];

    /// As programs read it. Stable: a new meaning is a new word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::NotMet => "not-met",
            Self::Unclear => "unclear",
            Self::Untested => "untested",
            Self::Untestable => "untestable",
            Self::ForAuthority => "for-an-authority",
            Self::Vacuous => "vacuous",
            Self::Kept => "kept",
            Self::Met => "met",
        }
    }

    /// As people read it.
    pub const fn plainly(self) -> &'static str {
        match self {
            Self::NotMet => "not met",
            Self::ForAuthority => "for an authority",
            other => other.word(),
        }
    }

    /// It stands against the subject.
    pub const fn accuses(self) -> bool {
        matches!(self, Self::Broken | Self::NotMet)
    }

    /// It stands for the subject.
    pub const fn acquits(self) -> bool {
        matches!(self, Self::Kept | Self::Met)
    }

    /// Another run, or a longer one, could say more.
    pub const fn is_undecided(self) -> bool {
        matches!(self, Self::Unclear | Self::Untested)
    }

    /// Whether this is worse news than what was said before. To know nothing is
    /// worse than an acquittal; and where nothing is reported any more, no news
    /// is bad.
    pub const fn is_worse_than(self, before: Self) -> bool {
        self.grade() > before.grade()
    }

    const fn grade(self) -> u8 {
        match self {
            Self::Kept | Self::Met | Self::Vacuous => 0,
            Self::Unclear | Self::Untested | Self::Untestable | Self::ForAuthority => 1,
            Self::Broken | Self::NotMet => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_on_the_list_once_and_the_gravest_stands_first() {
        assert!(Outcome::ALL.is_sorted_by(|a, b| a < b));
        let words: std::collections::BTreeSet<&str> = Outcome::ALL.iter().map(|outcome| outcome.word()).collect();
        assert_eq!(words.len(), 9);
        assert!(words.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
    }

    #[test]
    fn no_word_both_accuses_and_acquits_and_some_do_neither() {
        assert!(Outcome::ALL.iter().all(|outcome| !(outcome.accuses() && outcome.acquits())));
        for neither in [Outcome::Vacuous, Outcome::Untestable, Outcome::ForAuthority] {
            assert!(!neither.accuses() && !neither.acquits() && !neither.is_undecided(), "{}", neither.word());
        }
    }

    #[test]
    fn what_is_not_met_is_as_bad_as_what_is_broken() {
        assert!(Outcome::NotMet.is_worse_than(Outcome::Met) && Outcome::NotMet.is_worse_than(Outcome::Unclear));
        assert!(!Outcome::NotMet.is_worse_than(Outcome::Broken) && !Outcome::Broken.is_worse_than(Outcome::NotMet));
    }

    #[test]
    fn where_nothing_is_reported_any_more_nothing_got_worse() {
        assert!(!Outcome::Vacuous.is_worse_than(Outcome::Kept));
        assert!(Outcome::Broken.is_worse_than(Outcome::Vacuous) && Outcome::Unclear.is_worse_than(Outcome::Vacuous));
    }
}
