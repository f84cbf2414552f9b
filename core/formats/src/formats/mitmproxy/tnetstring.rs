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
pub(super) enum Value<'a> {
    #[default]
    Null,
    Bool(bool),
    Number(f64),
    Bytes(&'a [u8]),
    List(Vec<Value<'a>>),
    Dict(Vec<(&'a [u8], Value<'a>)>),
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
pub(super) fn dict(bytes: &[u8]) -> (Value<'_>, bool) {
    let mut left = NODES;
    let mut fields = Vec::new();
    let whole = members(bytes, DEPTH, &mut left, &mut fields).is_some();
    (Value::Dict(fields), whole)
}

fn members<'a>(
    mut bytes: &'a [u8],
    depth: usize,
    left: &mut usize,
    fields: &mut Vec<(&'a [u8], Value<'a>)>,
) -> Option<()> {
    while !bytes.is_empty() {
        let (key, rest) = value(bytes, depth, left)?;
        let Value::Bytes(key) = key else { return None };
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
fn cut<'a>(bytes: &'a [u8], depth: usize, left: &mut usize) -> Value<'a> {
    let Some((_, inner)) = length(bytes) else { return Value::Null };
    let mut fields = Vec::new();
    if depth > 0 && length(inner).is_some() {
        members(inner, depth - 1, left, &mut fields);
    }
    Value::Dict(fields)
}

fn value<'a>(bytes: &'a [u8], depth: usize, left: &mut usize) -> Option<(Value<'a>, &'a [u8])> {
    *left = left.checked_sub(1)?;
    let (length, rest) = length(bytes)?;
    let (inner, rest) = rest.split_at_checked(length)?;
    let (kind, rest) = rest.split_first()?;
    let text = || std::str::from_utf8(inner).ok();
    let value = match kind {
        b',' | b';' => Value::Bytes(inner),
        b'~' => Value::Null,
        b'!' => Value::Bool(inner == b"true"),
        b'#' | b'^' => Value::Number(text()?.trim().parse().ok()?),
        b']' => {
            let (mut items, mut inside) = (Vec::new(), inner);
            while !inside.is_empty() {
                let (item, after) = self::value(inside, depth.checked_sub(1)?, left)?;
                items.push(item);
                inside = after;
            }
            Value::List(items)
        }
        b'}' => {
            let mut fields = Vec::new();
            members(inner, depth.checked_sub(1)?, left, &mut fields)?;
            Value::Dict(fields)
        }
        _ => return None,
    };
    Some((value, rest))
}

const NULL: &Value<'_> = &Value::Null;

impl<'a> Value<'a> {
    /// The member of this name, or null.
    pub(super) fn at(&self, key: &str) -> &Value<'a> {
        let Self::Dict(fields) = self else { return NULL };
        fields.iter().find(|(name, _)| *name == key.as_bytes()).map_or(NULL, |(_, value)| value)
    }

    /// The element at this position, or null.
    pub(super) fn nth(&self, position: usize) -> &Value<'a> {
        self.list().get(position).unwrap_or(NULL)
    }

    pub(super) fn list(&self) -> &[Value<'a>] {
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
