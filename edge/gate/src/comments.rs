//! Updates the text of the choices file only where choices changed: the user's
//! comments and their order stay.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike};

/// The fields that identify the tables of a list.
const NAMES: [&str; 3] = ["id", "name", "host"];

/// The content of `new` with the comments and order of `old`. If `old` is not
/// valid TOML, it is `new`.
pub(crate) fn kept(old: &str, new: &str) -> String {
    let (Ok(mut kept), Ok(wanted)) = (old.parse::<DocumentMut>(), new.parse::<DocumentMut>()) else {
        return new.to_owned();
    };
    if kept.is_empty() && !old.contains('#') {
        return new.to_owned();
    }
    adapt(kept.as_table_mut(), wanted.as_table());
    let text = kept.to_string();
    // If the merged text has another meaning than `new`, `new` is used: the
    // content is more important than the comments.
    let said = |text: &str| toml::from_str::<toml::Table>(text).ok();
    if said(&text) == said(new) { text } else { new.to_owned() }
}

/// Changes a table so that it has the same content as another.
fn adapt(kept: &mut dyn TableLike, wanted: &dyn TableLike) {
    let gone: Vec<String> =
        kept.iter().map(|(key, _)| key.to_owned()).filter(|key| !wanted.contains_key(key)).collect();
    for key in gone {
        kept.remove(&key);
    }
    for (key, new) in wanted.iter() {
        match kept.get_mut(key) {
            Some(old) => replace(old, new),
            None => drop(kept.insert(key, unplaced(new.clone()))),
        }
    }
}

fn replace(old: &mut Item, new: &Item) {
    if let (Some(kept), Some(wanted)) = (old.as_array_of_tables_mut(), new.as_array_of_tables()) {
        return adapt_list(kept, wanted);
    }
    if let (Some(kept), Some(wanted)) = (old.as_table_like_mut(), new.as_table_like()) {
        return adapt(kept, wanted);
    }
    match (old.as_value_mut(), new.as_value()) {
        (Some(kept), Some(wanted)) => {
            let said = |value: &toml_edit::Value| match value.as_str() {
                Some(text) => text.to_owned(),
                None => value.clone().decorated("", "").to_string(),
            };
            if said(kept) != said(wanted) {
                let decor = kept.decor().clone();
                *kept = wanted.clone();
                *kept.decor_mut() = decor;
            }
        }
        _ => *old = new.clone(),
    }
}

/// Tables that still exist keep their comments; the others are removed, and new
/// ones come last.
fn adapt_list(kept: &mut ArrayOfTables, wanted: &ArrayOfTables) {
    let mut before: Vec<Table> = kept.iter().cloned().collect();
    kept.clear();
    for new in wanted {
        let same = before.iter().position(|old| is_same(old, new));
        let mut table = same.map_or_else(|| new.clone(), |at| before.remove(at));
        table.set_position(None);
        adapt(&mut table, new);
        kept.push(table);
    }
}

/// Removes the position in the other document, which has no meaning here.
fn unplaced(mut item: Item) -> Item {
    if let Some(table) = item.as_table_mut() {
        table.set_position(None);
        let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            let inner = std::mem::take(&mut table[&key]);
            table[&key] = unplaced(inner);
        }
    }
    item
}

/// Whether two tables describe the same item: they have the same name or,
/// without a name, the same kind, mode and device.
fn is_same(old: &Table, new: &Table) -> bool {
    let text = |table: &Table, key| table.get(key).and_then(Item::as_str).map(str::to_owned);
    let name = |table: &Table| NAMES.iter().find_map(|key| text(table, key));
    match (name(old), name(new)) {
        (Some(old), Some(new)) => old == new,
        (None, None) => ["kind", "mode", "device"].iter().all(|key| text(old, key) == text(new, key)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_change_keeps_its_words_and_order() {
        let old = "# top\nstrict = 'off' # why\n\n# mine\n[[destination]]\nhost = 'a' # keep\nrule = 'stop'\n\n[[destination]]\nhost = 'b'\nrule = 'stop'\n";
        let new = "strict = \"on\"\nsecurity = \"on\"\n[[destination]]\nhost = \"a\"\nrule = \"cut\"\n";
        let text = kept(old, new);
        for word in
            ["# top", "strict = \"on\" # why", "# mine", "host = 'a' # keep", "rule = \"cut\"", "security = \"on\""]
        {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert!(!text.contains("'b'"), "{text}");
    }

    #[test]
    fn a_text_that_is_none_is_replaced() {
        assert_eq!(kept("", "a = 1\n"), "a = 1\n");
        assert_eq!(kept("= = =", "a = 1\n"), "a = 1\n");
    }
}
