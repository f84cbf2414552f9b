//! What JSON's binary relatives share: items that say what they are and, if
//! they hold others, how many. Places are those of JSON: `$.a[0]`.

use std::{borrow::Cow, ops::ControlFlow};

use model::LayerPlace;

use super::{InnerValues, PeelOutcome, PeelResult, json, names::NameStack};

/// Reads items one after another.
pub(super) trait ItemReader<'v>: Clone {
    /// The next item; none where there is none, or it breaks the rules.
    fn next(&mut self) -> Option<TreeItem<'v>>;

    /// Whether all was read.
    fn is_done(&self) -> bool;
}

/// One item, without what it holds.
pub(super) enum TreeItem<'v> {
    /// Nothing to show: null, undefined.
    Nothing,
    Word(&'static str),
    Integer(i128),
    Float(f64),
    Text(Cow<'v, [u8]>),
    Bytes(Cow<'v, [u8]>),
    /// Holds as many items, or all up to the end mark.
    Array(Option<u64>),
    /// Holds as many pairs of items, or all up to the end mark.
    Map(Option<u64>),
    /// The end mark.
    End,
}

/// Containers within containers.
const DEEPEST: usize = 64;

/// Gives every value, if the whole reads as one container that holds at least
/// one text: random bytes read as small containers of numbers.
pub(super) fn give<'v>(items: impl ItemReader<'v>, inner: &mut dyn InnerValues) -> PeelResult {
    let mut check = items.clone();
    let mut seen = TreeStats { texts: 0, maps: 0 };
    if skip(&mut check, 0, &mut seen).is_none() || !check.is_done() || seen.texts == 0 {
        return PeelResult::NOTHING;
    }
    let mut tree = TreeWalk { items, path: String::from("$"), names: NameStack::default(), inner };
    let _ = tree.value(0);
    // Text reads as an array of numbers and words now and then, never as a map.
    if seen.maps > 0 { PeelResult::ALL } else { PeelResult { how: PeelOutcome::Perhaps, gap: None } }
}

/// What there was on the way.
struct TreeStats {
    texts: usize,
    maps: usize,
}

/// Goes over an item and what it holds. Some(true): it was the end mark.
fn skip<'v>(items: &mut impl ItemReader<'v>, depth: usize, seen: &mut TreeStats) -> Option<bool> {
    let (count, width) = match items.next()? {
        TreeItem::End => return Some(true),
        TreeItem::Text(text) => {
            seen.texts += usize::from(text.len() >= 2 && std::str::from_utf8(&text).ok()?.chars().all(|c| c != '\0'));
            return Some(false);
        }
        TreeItem::Array(count) => (count, 1),
        TreeItem::Map(count) => {
            seen.maps += 1;
            (count, 2)
        }
        _ => return Some(false),
    };
    if depth == DEEPEST {
        return None;
    }
    let mut left = count.map(|count| count.saturating_mul(width));
    while left != Some(0) {
        if skip(items, depth + 1, seen)? {
            return left.is_none().then_some(false);
        }
        left = left.map(|left| left - 1);
    }
    Some(false)
}

struct TreeWalk<'i, I> {
    items: I,
    path: String,
    names: NameStack,
    inner: &'i mut dyn InnerValues,
}

impl<'v, I: ItemReader<'v>> TreeWalk<'_, I> {
    /// Gives the next item and what it holds. The end mark breaks, too: checked
    /// before, it only stands where it belongs.
    fn value(&mut self, depth: usize) -> ControlFlow<()> {
        let Some(item) = self.items.next() else { return ControlFlow::Break(()) };
        self.item(item, depth)
    }

    fn item(&mut self, item: TreeItem<'v>, depth: usize) -> ControlFlow<()> {
        let place = LayerPlace::at(self.path.as_str());
        match item {
            TreeItem::Nothing | TreeItem::End => ControlFlow::Continue(()),
            TreeItem::Word(word) => self.inner.show(place, word.as_bytes()),
            TreeItem::Integer(number) => self.inner.show(place, itoa::Buffer::new().format(number).as_bytes()),
            TreeItem::Float(number) => self.inner.show(place, number.to_string().as_bytes()),
            TreeItem::Text(value) | TreeItem::Bytes(value) => self.inner.give(place, &value),
            TreeItem::Array(count) => self.array(count, depth),
            TreeItem::Map(count) => self.map(count, depth),
        }
    }

    fn array(&mut self, count: Option<u64>, depth: usize) -> ControlFlow<()> {
        let outer = self.path.len();
        for i in 0..count.unwrap_or(u64::MAX) {
            let Some(item) = self.items.next() else { return ControlFlow::Break(()) };
            if matches!(item, TreeItem::End) {
                break;
            }
            self.path.push('[');
            self.path.push_str(itoa::Buffer::new().format(i));
            self.path.push(']');
            self.item(item, depth + 1)?;
            self.path.truncate(outer);
        }
        ControlFlow::Continue(())
    }

    fn map(&mut self, count: Option<u64>, depth: usize) -> ControlFlow<()> {
        let (outer, start) = (self.path.len(), self.names.len());
        for i in 0..count.unwrap_or(u64::MAX) {
            let Some(name) = self.items.next() else { return ControlFlow::Break(()) };
            let name = match name {
                TreeItem::End => break,
                TreeItem::Text(name) | TreeItem::Bytes(name) => {
                    if !json::is_plain(&name) {
                        self.path.push_str(&format!("@{}", i + 1));
                        self.inner.give(LayerPlace::at(self.path.as_str()), &name)?;
                        self.path.truncate(outer);
                    }
                    name
                }
                TreeItem::Integer(number) => Cow::Owned(number.to_string().into_bytes()),
                // Others are not written: what they hold is given as a name's.
                other => {
                    let name = format!("@{}", i + 1);
                    self.path.push_str(&name);
                    self.item(other, depth + 1)?;
                    self.path.truncate(outer);
                    Cow::Owned(name.into_bytes())
                }
            };
            json::push_name(&mut self.path, &name);
            let nth = self.names.nth(&name, start);
            if nth > 1 {
                self.path.push('#');
                self.path.push_str(itoa::Buffer::new().format(nth));
            }
            self.value(depth + 1)?;
            self.path.truncate(outer);
        }
        self.names.forget_from(start);
        ControlFlow::Continue(())
    }
}

/// Hands out exactly as many bytes as are asked for, or none.
#[derive(Clone)]
pub(super) struct ByteReader<'v>(pub(super) &'v [u8]);

impl<'v> ByteReader<'v> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn take(&mut self, length: u64) -> Option<&'v [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    /// A big-endian number of so many bytes.
    pub(super) fn number(&mut self, length: u64) -> Option<u64> {
        Some(self.take(length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}
