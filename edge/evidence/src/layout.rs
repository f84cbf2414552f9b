//! The tables of an evidence file, and the version of their layout.

use rusqlite::Connection;

/// `PRAGMA application_id`: "CNDR".
pub(crate) const APPLICATION: i64 = 0x434e_4452;

/// `PRAGMA user_version`: increases when an older reader would misread the
/// file.
pub(crate) const VERSION: i64 = 1;

/// The longest body in bytes. The writer cuts longer bodies; a longer body in a
/// file was not written by Candor.
pub(crate) const MOST_OF_A_BODY: usize = 64 << 20;
/// The most bytes of all bodies of one record. A body that a record refers to
/// twice counts twice.
pub(crate) const MOST_OF_BODIES: usize = 256 << 20;
/// The longest JSON of a record, in bytes.
pub(crate) const MOST_OF_A_RECORD: usize = 64 << 20;

pub(crate) const TABLES: &str = "
create table record (
  seq     integer primary key,   -- from 1, without holes
  kind    text    not null,      -- run, trial, plant, phase, page, listed, exchange, beacon, note, end
  at      integer not null,      -- microseconds since 1970-01-01 UTC
  trial   integer,
  content text    not null,      -- JSON; bodies are named by their SHA-256
  link    blob    not null       -- SHA-256(link before || kind || 0 || at || trial or -1 || content)
) strict;
create table body (
  digest  blob    primary key,   -- SHA-256 of the plain bytes
  size    integer not null,
  codec   text    not null,      -- plain or zstd
  content blob    not null
) strict, without rowid;
create trigger record_stays before update on record begin select raise(abort, 'evidence is append-only'); end;
create trigger record_stays_too before delete on record begin select raise(abort, 'evidence is append-only'); end;
create trigger body_stays before update on body begin select raise(abort, 'evidence is append-only'); end;
create trigger body_stays_too before delete on body begin select raise(abort, 'evidence is append-only'); end;
create view exchange as
  select seq, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch') as at, trial,
         content ->> '$.request.method' as method, content ->> '$.request.url' as url,
         content ->> '$.response.status' as status, content ->> '$.response.by' as answered_by,
         content ->> '$.seal.reason' as sealed, content ->> '$.inlet' as inlet
  from record where kind = 'exchange';
create view phase as
  select seq, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch') as at, trial,
         content ->> '$.name' as name, content ->> '$.act' as act, content ->> '$.mode' as mode
  from record where kind = 'phase';
";

/// A table, view or trigger in `sqlite_schema`, its SQL without comments and
/// with single spaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SchemaObject {
    kind: String,
    name: String,
    table: String,
    sql: String,
}

/// The first difference from the schema that Candor writes, in words; `None` if
/// there is none.
///
/// Everything else relies on this check: if a table is in fact a view, or has a
/// generated column, any query could return something else. Comments may
/// differ, as they do between versions.
pub(crate) fn foreign(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let expected = expected()?;
    // A hostile schema may be long; one object too many is enough to reject it.
    let found = objects(connection, expected.len() + 1)?;
    let extra = found.iter().find(|object| !expected.iter().any(|known| known.name == object.name));
    if let Some(extra) = extra {
        return Ok(Some(format!("it has a {} that Candor did not make: {}", extra.kind, shown(&extra.name))));
    }
    let other = expected.iter().find(|known| !found.contains(known));
    Ok(other.map(|known| {
        let there = found.iter().any(|object| object.name == known.name);
        let says = if there { "is not the one that Candor makes" } else { "is not there" };
        format!("its {} {} {says}", known.kind, known.name)
    }))
}

fn expected() -> rusqlite::Result<Vec<SchemaObject>> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(TABLES)?;
    objects(&connection, usize::MAX)
}

fn objects(connection: &Connection, most: usize) -> rusqlite::Result<Vec<SchemaObject>> {
    let mut statement = connection.prepare("select type, name, tbl_name, sql from main.sqlite_schema limit ?")?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = statement.query_map([most], |row| {
        let sql: Option<String> = row.get(3)?;
        let sql = without_comments(&sql.unwrap_or_default());
        Ok(SchemaObject { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql })
    })?;
    rows.collect()
}

/// SQL without `--` comments and with single spaces. Quoted text stays as it
/// is, because `--` inside quotes starts no comment.
fn without_comments(sql: &str) -> String {
    let mut plain = String::with_capacity(sql.len());
    let mut rest = sql.chars().peekable();
    let mut quote = None;
    while let Some(letter) = rest.next() {
        if quote.is_some() {
            plain.push(letter);
            quote = quote.filter(|quote| *quote != letter);
        } else if letter == '-' && rest.peek() == Some(&'-') {
            while rest.next_if(|letter| *letter != '\n').is_some() {}
        } else if letter.is_ascii_whitespace() {
            if !plain.ends_with(' ') {
                plain.push(' ');
            }
        } else {
            quote = matches!(letter, '\'' | '"' | '`').then_some(letter);
            plain.push(letter);
        }
    }
    plain.trim_ascii().to_owned()
}

/// A name from a possibly hostile file, shortened and on one line.
fn shown(name: &str) -> String {
    name.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_may_differ_and_nothing_else() {
        assert_eq!(without_comments("create  table a (\n b -- one\n)"), "create table a ( b )");
        assert_eq!(without_comments("create table a (b)-- x"), without_comments("create table a (b)"));
        let hidden = "raise(abort, 'evidence --'); delete from record; select raise(ignore, '\nis append-only')";
        assert_ne!(without_comments(hidden), without_comments("raise(abort, 'evidence is append-only')"));
        assert!(without_comments(hidden).contains("delete from record"));
        assert_ne!(without_comments("a /* b */"), without_comments("a"));
    }

    #[test]
    fn our_own_schema_is_not_foreign() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        assert_eq!(foreign(&connection).unwrap(), None);
    }
}
