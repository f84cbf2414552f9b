//! What JSON's binary relatives share: items that say what they are and, if
//! they hold others, how many. Places are those of JSON: `$.a[0]`.

use std::{borrow::Cow, ops::ControlFlow};

use model::LayerPlace;

use super::{How, Inner, Peeled, json, names::Names};

/// Reads items one after another.
pub(super) trait Items<'v>: Clone {
    /// The next item; none where there is none, or it breaks the rules.
    fn next(&mut self) -> Option<Item<'v>>;

    /// Whether all was read.
    fn is_done(&self) -> bool;
}

/// One item, without what it holds.
pub(super) enum Item<'v> {
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
pub(super) fn give<'v>(items: impl Items<'v>, inner: &mut dyn Inner) -> Peeled {
    let mut check = items.clone();
    let mut seen = Seen { texts: 0, maps: 0 };
    if skip(&mut check, 0, &mut seen).is_none() || !check.is_done() || seen.texts == 0 {
        return Peeled::NOTHING;
    }
    let mut tree = Tree { items, path: String::from("$"), names: Names::default(), inner };
    let _ = tree.value(0);
    // Text reads as an array of numbers and words now and then, never as a map.
    if seen.maps > 0 { Peeled::ALL } else { Peeled { how: How::Perhaps, gap: None } }
}

/// What there was on the way.
struct Seen {
    texts: usize,
    maps: usize,
}

/// Goes over an item and what it holds. Some(true): it was the end mark.
fn skip<'v>(items: &mut impl Items<'v>, depth: usize, seen: &mut Seen) -> Option<bool> {
    let (count, width) = match items.next()? {
        Item::End => return Some(true),
        Item::Text(text) => {
            seen.texts += usize::from(text.len() >= 2 && std::str::from_utf8(&text).ok()?.chars().all(|c| c != '\0'));
            return Some(false);
        }
        Item::Array(count) => (count, 1),
        Item::Map(count) => {
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

struct Tree<'i, I> {
    items: I,
    path: String,
    names: Names,
    inner: &'i mut dyn Inner,
}

impl<'v, I: Items<'v>> Tree<'_, I> {
    /// Gives the next item and what it holds. The end mark breaks, too: checked
    /// before, it only stands where it belongs.
    fn value(&mut self, depth: usize) -> ControlFlow<()> {
        let Some(item) = self.items.next() else { return ControlFlow::Break(()) };
        self.item(item, depth)
    }

    fn item(&mut self, item: Item<'v>, depth: usize) -> ControlFlow<()> {
        let place = LayerPlace::at(self.path.as_str());
        match item {
            Item::Nothing | Item::End => ControlFlow::Continue(()),
            Item::Word(word) => self.inner.show(place, word.as_bytes()),
            Item::Integer(number) => self.inner.show(place, itoa::Buffer::new().format(number).as_bytes()),
            Item::Float(number) => self.inner.show(place, number.to_string().as_bytes()),
            Item::Text(value) | Item::Bytes(value) => self.inner.give(place, &value),
            Item::Array(count) => self.array(count, depth),
            Item::Map(count) => self.map(count, depth),
        }
    }

    fn array(&mut self, count: Option<u64>, depth: usize) -> ControlFlow<()> {
        let outer = self.path.len();
        for i in 0..count.unwrap_or(u64::MAX) {
            let Some(item) = self.items.next() else { return ControlFlow::Break(()) };
            if matches!(item, Item::End) {
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
                Item::End => break,
                Item::Text(name) | Item::Bytes(name) => {
                    if !json::is_plain(&name) {
                        self.path.push_str(&format!("@{}", i + 1));
                        self.inner.give(LayerPlace::at(self.path.as_str()), &name)?;
                        self.path.truncate(outer);
                    }
                    name
                }
                Item::Integer(number) => Cow::Owned(number.to_string().into_bytes()),
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
pub(super) struct Bytes<'v>(pub(super) &'v [u8]);

impl<'v> Bytes<'v> {
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
