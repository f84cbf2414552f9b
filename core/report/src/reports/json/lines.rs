//! JSON with one member of a top-level list on a line, and with characters
//! that act on a terminal escaped: to a parser it is the same text.

use std::io::{Result, Write};

use serde::Serialize;
use serde_json::{Serializer, ser::Formatter};

use crate::sanitize::acts;

/// The value as JSON text with a line break at its end.
pub(super) fn written(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, JsonLines::default());
    value.serialize(&mut serializer).expect("the report's shapes have only string keys, and a Vec takes all bytes");
    out.push(b'\n');
    String::from_utf8(out).expect("the serializer writes the text it was given and ASCII")
}

#[derive(Default)]
struct JsonLines {
    depth: usize,
    /// Whether the list that was closed last had members.
    filled: bool,
}

impl JsonLines {
    fn separate<W: ?Sized + Write>(&self, writer: &mut W, first: bool, at: usize) -> Result<()> {
        let comma: &[u8] = if first { b"" } else { b"," };
        writer.write_all(comma)?;
        match (self.depth == at, first) {
            (true, _) => {
                writer.write_all(b"\n")?;
                writer.write_all(&b"    "[..at * 2])
            }
            (false, true) => Ok(()),
            (false, false) => writer.write_all(b" "),
        }
    }
}

impl Formatter for JsonLines {
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        self.separate(writer, first, 1)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        writer.write_all(b": ")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        if self.depth == 1 {
            writer.write_all(b"\n")?;
        }
        self.depth -= 1;
        writer.write_all(b"}")
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.depth += 1;
        self.filled = false;
        writer.write_all(b"[")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        self.separate(writer, first, 2)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.filled = true;
        Ok(())
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        if self.depth == 2 && self.filled {
            writer.write_all(b"\n  ")?;
        }
        self.depth -= 1;
        writer.write_all(b"]")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> Result<()> {
        if !fragment.contains(acts) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut units = [0; 2];
        for c in fragment.chars() {
            if acts(c) {
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                write!(writer, "{c}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_acts_is_escaped_and_still_the_same_value() {
        let value = json!({"a": ["\u{202e}x", "\u{e0041}", "\u{9b}", "é"], "b": [], "c": {"d": [1, 2]}});
        let text = written(&value);
        assert_eq!(
            text,
            "{\n  \"a\": [\n    \"\\u202ex\",\n    \"\\udb40\\udc41\",\n    \"\\u009b\",\n    \"é\"\n  ],\n  \
             \"b\": [],\n  \"c\": {\"d\": [1, 2]}\n}\n"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
