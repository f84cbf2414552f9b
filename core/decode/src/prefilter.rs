//! What all values of a layer have in common, and which decoders that leaves.
//!
//! Most values fit no decoder, and with some fifty decoders even asking costs
//! more than everything else. So each says beforehand by which bytes its values
//! start and which kinds of bytes they have or lack; tables made of that give
//! the few worth asking as one word of bits.

use std::sync::LazyLock;

use crate::{
    decoders::DECODERS,
    value_view::{ByteClasses, ValueView},
};

/// What a value must have to be worth a decoder's closer look.
#[derive(Clone, Copy)]
pub(crate) struct Prefilter {
    starts: fn(u8) -> bool,
    needs: ByteClasses,
    only: ByteClasses,
    shortest: usize,
}

impl Prefilter {
    pub(crate) const ANY: Self =
        Self { starts: |_| true, needs: ByteClasses::ALL, only: ByteClasses::ALL, shortest: 4 };

    /// The first byte is one of these.
    pub(crate) const fn starting(self, starts: fn(u8) -> bool) -> Self {
        Self { starts, ..self }
    }

    /// There is at least one byte of these kinds.
    pub(crate) const fn with(self, needs: ByteClasses) -> Self {
        Self { needs, ..self }
    }

    /// There are no bytes but of these kinds.
    pub(crate) const fn only(self, only: ByteClasses) -> Self {
        Self { only, ..self }
    }

    /// There are no bytes of these kinds.
    pub(crate) const fn without(self, never: ByteClasses) -> Self {
        Self { only: self.only.without(never), ..self }
    }

    /// There are that many bytes or more, up to 64.
    pub(crate) const fn at_least(self, shortest: usize) -> Self {
        Self { shortest, ..self }
    }
}

/// The positions in [`DECODERS`] of those worth asking about a value.
pub(crate) fn candidates(look: &ValueView<'_>) -> impl Iterator<Item = usize> {
    let mut left = TABLES.mask(look);
    std::iter::from_fn(move || {
        let first = left.trailing_zeros() as usize;
        left &= left.wrapping_sub(1);
        (first < 64).then_some(first)
    })
}

static TABLES: LazyLock<PrefilterTables> = LazyLock::new(PrefilterTables::new);

/// One bit for each decoder, in words.
struct PrefilterTables {
    /// Those that a first byte leaves.
    first: [u64; 256],
    /// Those that a length leaves.
    length: [u64; 65],
    /// Those whose need the kinds meet, and those that the kinds rule out: by
    /// each seven of them, for one look-up in place of seven.
    kinds: [[(u64, u64); 1 << SEVEN]; ByteClasses::COUNT / SEVEN],
}

const SEVEN: usize = 7;

impl PrefilterTables {
    fn new() -> Self {
        assert!(DECODERS.len() <= 64, "a word has a bit for each decoder");
        let bits = |is: &dyn Fn(Prefilter) -> bool| {
            let set = DECODERS.iter().enumerate().filter(|(_, decoder)| is(decoder.shape()));
            set.fold(0u64, |word, (i, _)| word | 1 << i)
        };
        Self {
            first: std::array::from_fn(|byte| bits(&|shape| (shape.starts)(byte as u8))),
            length: std::array::from_fn(|length| bits(&|shape| shape.shortest <= length)),
            kinds: std::array::from_fn(|seven| {
                std::array::from_fn(|set| {
                    let kinds = ByteClasses::of_numbers((set as u32) << (seven * SEVEN));
                    (bits(&|shape| kinds.any(shape.needs)), bits(&|shape| !kinds.only(shape.only)))
                })
            }),
        }
    }

    fn mask(&self, look: &ValueView<'_>) -> u64 {
        let Some(first) = look.bytes.first() else { return 0 };
        let (mut meets, mut rules_out) = (0, 0);
        for (sets, set) in self.kinds.iter().zip(look.kinds.by_seven()) {
            let (more, less) = sets[set];
            meets |= more;
            rules_out |= less;
        }
        self.first[usize::from(*first)] & self.length[look.bytes.len().min(64)] & meets & !rules_out
    }
}
