//! The tables, and how their version is told.

/// `PRAGMA application_id`: "CNDR".
pub(crate) const APPLICATION: i64 = 0x434e_4452;

/// `PRAGMA user_version`: goes up when a reader of the old one would misread.
pub(crate) const VERSION: i64 = 1;

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
