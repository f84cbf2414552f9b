//! Typed netstrings (tnetstrings.info): `5:hello,` – a length, a colon, so
//! many bytes, and one byte that says what they are.

/// Lengths have at most so many digits.
pub(super) const DIGITS: usize = 12;
/// Values within values, at most. Flows need seven.
const DEPTH: usize = 32;
/// Values in one flow, at most.
const NODES: usize = 4_000_000;

/// A value; texts and bytes are both bytes.
#[derive(Clone, Default, PartialEq)]
pub(super) enum TnetValue<'a> {
    #[default]
    Null,
    Bool(bool),
    Number(f64),
    Bytes(&'a [u8]),
    List(Vec<TnetValue<'a>>),
    Dict(Vec<(&'a [u8], TnetValue<'a>)>),
}

/// The length that `bytes` begin with, and what follows its colon.
pub(super) fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let colon = bytes.iter().take(DIGITS + 1).position(|byte| *byte == b':')?;
    let digits = std::str::from_utf8(&bytes[..colon]).ok()?;
    let length = if digits.bytes().all(|digit| digit.is_ascii_digit()) { digits.parse().ok()? } else { return None };
    Some((length, &bytes[colon + 1..]))
}

/// The inside of a dictionary, as far as it can be read; and whether that is
/// all of it.
pub(super) fn dict(bytes: &[u8]) -> (TnetValue<'_>, bool) {
    let mut left = NODES;
    let mut fields = Vec::new();
    let whole = members(bytes, DEPTH, &mut left, &mut fields).is_some();
    (TnetValue::Dict(fields), whole)
}

fn members<'a>(
    mut bytes: &'a [u8],
    depth: usize,
    left: &mut usize,
    fields: &mut Vec<(&'a [u8], TnetValue<'a>)>,
) -> Option<()> {
    while !bytes.is_empty() {
        let (key, rest) = value(bytes, depth, left)?;
        let TnetValue::Bytes(key) = key else { return None };
        // A flow that was cut ends in a value that was: its parts are of use.
        let Some((value, rest)) = value(rest, depth, left) else {
            fields.push((key, cut(rest, depth, left)));
            return None;
        };
        fields.push((key, value));
        bytes = rest;
    }
    Some(())
}

/// What there is of a dictionary that is not all there.
fn cut<'a>(bytes: &'a [u8], depth: usize, left: &mut usize) -> TnetValue<'a> {
    let Some((_, inner)) = length(bytes) else { return TnetValue::Null };
    let mut fields = Vec::new();
    if depth > 0 && length(inner).is_some() {
        members(inner, depth - 1, left, &mut fields);
    }
    TnetValue::Dict(fields)
}

fn value<'a>(bytes: &'a [u8], depth: usize, left: &mut usize) -> Option<(TnetValue<'a>, &'a [u8])> {
    *left = left.checked_sub(1)?;
    let (length, rest) = length(bytes)?;
    let (inner, rest) = rest.split_at_checked(length)?;
    let (kind, rest) = rest.split_first()?;
    let text = || std::str::from_utf8(inner).ok();
    let value = match kind {
        b',' | b';' => TnetValue::Bytes(inner),
        b'~' => TnetValue::Null,
        b'!' => TnetValue::Bool(inner == b"true"),
        b'#' | b'^' => TnetValue::Number(text()?.trim().parse().ok()?),
        b']' => {
            let (mut items, mut inside) = (Vec::new(), inner);
            while !inside.is_empty() {
                let (item, after) = self::value(inside, depth.checked_sub(1)?, left)?;
                items.push(item);
                inside = after;
            }
            TnetValue::List(items)
        }
        b'}' => {
            let mut fields = Vec::new();
            members(inner, depth.checked_sub(1)?, left, &mut fields)?;
            TnetValue::Dict(fields)
        }
        _ => return None,
    };
    Some((value, rest))
}

const NULL: &TnetValue<'_> = &TnetValue::Null;

impl<'a> TnetValue<'a> {
    /// The member of this name, or null.
    pub(super) fn at(&self, key: &str) -> &TnetValue<'a> {
        let Self::Dict(fields) = self else { return NULL };
        fields.iter().find(|(name, _)| *name == key.as_bytes()).map_or(NULL, |(_, value)| value)
    }

    /// The element at this position, or null.
    pub(super) fn nth(&self, position: usize) -> &TnetValue<'a> {
        self.list().get(position).unwrap_or(NULL)
    }

    pub(super) fn list(&self) -> &[TnetValue<'a>] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// As text; nothing if it is none.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(self.bytes().unwrap_or_default()).into_owned()
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn is_true(&self) -> bool {
        *self == Self::Bool(true)
    }

    pub(super) fn is_null(&self) -> bool {
        *self == Self::Null
    }
}
