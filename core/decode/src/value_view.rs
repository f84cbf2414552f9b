//! The one look that every decoder's `fit` shares.
//!
//! Most values are short and plain and no decoder fits them; saying so must
//! cost almost nothing. So each value is gone through once, and what kinds of
//! bytes are in it answers most questions with one mask.

use model::{LayerPlace, Route};

/// A value about to be opened.
pub(crate) struct ValueView<'v> {
    pub(crate) bytes: &'v [u8],
    /// The kinds of bytes in it.
    pub(crate) kinds: ByteClasses,
    /// The layer and place where it lay.
    pub(crate) layer: &'static str,
    pub(crate) place: &'v LayerPlace<'v>,
}

/// A set of kinds of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteClasses(u32);

impl ByteClasses {
    pub(crate) const DIGIT: Self = Self(1);
    /// `a` to `f`.
    pub(crate) const LOWER_HEX: Self = Self(1 << 1);
    /// `A` to `F`.
    pub(crate) const UPPER_HEX: Self = Self(1 << 2);
    /// `g` to `z`.
    pub(crate) const LOWER_REST: Self = Self(1 << 3);
    /// `G` to `Z`.
    pub(crate) const UPPER_REST: Self = Self(1 << 4);
    pub(crate) const PLUS: Self = Self(1 << 5);
    pub(crate) const SLASH: Self = Self(1 << 6);
    pub(crate) const DASH: Self = Self(1 << 7);
    pub(crate) const UNDERSCORE: Self = Self(1 << 8);
    pub(crate) const EQUALS: Self = Self(1 << 9);
    pub(crate) const PERCENT: Self = Self(1 << 10);
    pub(crate) const BACKSLASH: Self = Self(1 << 11);
    pub(crate) const SPACE: Self = Self(1 << 12);
    /// Tab, line feed, carriage return.
    pub(crate) const BREAK: Self = Self(1 << 13);
    pub(crate) const DOT: Self = Self(1 << 14);
    /// ASCII control bytes other than tab and line ends.
    pub(crate) const CONTROL: Self = Self(1 << 15);
    /// Bytes from 0x80.
    pub(crate) const HIGH: Self = Self(1 << 16);
    /// Printable ASCII that has no kind of its own.
    pub(crate) const OTHER: Self = Self(1 << 17);
    pub(crate) const COLON: Self = Self(1 << 18);
    pub(crate) const NUL: Self = Self(1 << 19);
    pub(crate) const ANGLE: Self = Self(1 << 20);
    pub(crate) const AMPERSAND: Self = Self(1 << 21);
    /// `{`, `}`, `[`, `]`
    pub(crate) const BRACE: Self = Self(1 << 22);
    pub(crate) const COMMA: Self = Self(1 << 23);
    pub(crate) const DOLLAR: Self = Self(1 << 24);
    pub(crate) const SEMICOLON: Self = Self(1 << 25);
    pub(crate) const AT: Self = Self(1 << 26);
    /// No kind of byte but of value: it is no text, be it for control bytes or
    /// as it is no UTF-8.
    pub(crate) const RAW: Self = Self(1 << 27);
    /// How many kinds there are.
    pub(crate) const COUNT: usize = 28;

    pub(crate) const ALL: Self = Self((1 << Self::COUNT) - 1);

    pub(crate) const LOWER: Self = Self::LOWER_HEX.and(Self::LOWER_REST);
    pub(crate) const UPPER: Self = Self::UPPER_HEX.and(Self::UPPER_REST);
    pub(crate) const ALPHANUMERIC: Self = Self::DIGIT.and(Self::LOWER).and(Self::UPPER);
    /// Bytes that no text has.
    pub(crate) const BINARY: Self = Self::CONTROL.and(Self::NUL);

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The set whose kinds are the ones in `bits`.
    pub(crate) const fn of_numbers(bits: u32) -> Self {
        Self(bits)
    }

    /// The kinds as four numbers of seven bits.
    pub(crate) fn by_seven(self) -> [usize; 4] {
        std::array::from_fn(|i| (self.0 >> (7 * i) & 0x7f) as usize)
    }

    /// Whether any of `other` is among these.
    pub(crate) const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether nothing but `other` is among these.
    pub(crate) const fn only(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut kinds = [0u32; 4];
        let (blocks, rest) = bytes.as_chunks::<4>();
        for block in blocks {
            for (kind, byte) in kinds.iter_mut().zip(block) {
                *kind |= KIND[*byte as usize];
            }
        }
        let tail = rest.iter().fold(0, |tail, byte| tail | KIND[*byte as usize]);
        Self(kinds[0] | kinds[1] | kinds[2] | kinds[3] | tail)
    }
}

const KIND: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'0'..=b'9' => ByteClasses::DIGIT,
            b'a'..=b'f' => ByteClasses::LOWER_HEX,
            b'A'..=b'F' => ByteClasses::UPPER_HEX,
            b'g'..=b'z' => ByteClasses::LOWER_REST,
            b'G'..=b'Z' => ByteClasses::UPPER_REST,
            b'+' => ByteClasses::PLUS,
            b'/' => ByteClasses::SLASH,
            b'-' => ByteClasses::DASH,
            b'_' => ByteClasses::UNDERSCORE,
            b'=' => ByteClasses::EQUALS,
            b'%' => ByteClasses::PERCENT,
            b'\\' => ByteClasses::BACKSLASH,
            b' ' => ByteClasses::SPACE,
            b'\t' | b'\n' | b'\r' => ByteClasses::BREAK,
            b'.' => ByteClasses::DOT,
            b':' => ByteClasses::COLON,
            b'<' | b'>' => ByteClasses::ANGLE,
            b'&' => ByteClasses::AMPERSAND,
            b'{' | b'}' | b'[' | b']' => ByteClasses::BRACE,
            b',' => ByteClasses::COMMA,
            b'$' => ByteClasses::DOLLAR,
            b';' => ByteClasses::SEMICOLON,
            b'@' => ByteClasses::AT,
            0 => ByteClasses::NUL,
            1..=0x1f | 0x7f => ByteClasses::CONTROL,
            0x80..=0xff => ByteClasses::HIGH,
            _ => ByteClasses::OTHER,
        }
        .0;
        byte += 1;
    }
    table
};

impl<'v> ValueView<'v> {
    pub(crate) fn at(bytes: &'v [u8], route: &'v Route<'v>) -> Self {
        let kinds = ByteClasses::of(bytes);
        let kinds = if reads_as_text(bytes, kinds) { kinds } else { kinds.and(ByteClasses::RAW) };
        Self { bytes, kinds, layer: route.layer, place: route.place }
    }

    /// Whether no decoder can fit: too short to wrap anything.
    pub(crate) fn is_plain(&self) -> bool {
        match self.bytes.len() {
            0..4 => true,
            4..8 => self
                .kinds
                .only(ByteClasses::ALPHANUMERIC.and(ByteClasses::DOT).and(ByteClasses::DASH).and(ByteClasses::SPACE)),
            8..24 => self.kinds.only(ByteClasses::DIGIT.and(ByteClasses::DOT)),
            _ => false,
        }
    }

    /// Whether it reads as text: valid UTF-8 without control bytes.
    pub(crate) fn is_text(&self) -> bool {
        !self.kinds.any(ByteClasses::RAW)
    }

    pub(crate) fn starts_with(&self, start: &[u8]) -> bool {
        self.bytes.starts_with(start)
    }
}

/// Whether `bytes` read as text: valid UTF-8 without control bytes.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    reads_as_text(bytes, ByteClasses::of(bytes))
}

fn reads_as_text(bytes: &[u8], kinds: ByteClasses) -> bool {
    !kinds.any(ByteClasses::BINARY) && (!kinds.any(ByteClasses::HIGH) || std::str::from_utf8(bytes).is_ok())
}
