//! The result of judging a sentence, in one word.
//!
//! A maker's promise is *kept* or *broken*. An expectation, which the maker
//! never stated, is *met* or *not met*. A question of law is left to an
//! authority. The other words say why there is no such result.

/// One word, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// For a promise: a breach was seen, by a sighting that can be replayed or
    /// by missing requests.
    Broken,
    /// For an expectation: a breach was seen.
    NotMet,
    /// It was tested, but an obstacle prevents a result.
    Unclear,
    /// This run did not test it.
    Untested,
    /// No run could test it.
    Untestable,
    /// A question of law: Candor shows the facts and gives no answer.
    ForAuthority,
    /// The subject reported nothing that the sentence could be about.
    Vacuous,
    /// For a promise: no breach was seen, and a breach would have been seen.
    Kept,
    /// For an expectation: no breach was seen, and a breach would have been seen.
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

    /// Whether the result accuses the subject.
    pub const fn accuses(self) -> bool {
        matches!(self, Self::Broken | Self::NotMet)
    }

    /// Whether the result acquits the subject.
    pub const fn acquits(self) -> bool {
        matches!(self, Self::Kept | Self::Met)
    }

    /// Whether another or a longer run could give a result.
    pub const fn is_undecided(self) -> bool {
        matches!(self, Self::Unclear | Self::Untested)
    }

    /// Whether this result is worse than the one before. To know nothing is
    /// worse than an acquittal. *Vacuous* is as good as an acquittal: the
    /// subject no longer reports anything.
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
