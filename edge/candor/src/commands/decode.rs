//! `candor decode`: peel one value, layer by layer.

use std::{
    io::{IsTerminal, Read, Write},
    path::PathBuf,
};

use ::decode::{DecodeLimits, open_value, walk_value};
use anyhow::{Context, Result, anyhow, bail};
use model::{Gap, Sighting, Trail, TrailStep};

use crate::exit::{ExitStatus, print};

/// Peel one value, layer by layer, and show what is inside
///
/// Each line is a value: the layer that was opened, the place in it, and what
/// stood there. `~` marks what a guess led to, `!` what could not be opened.
#[derive(Debug, clap::Args)]
pub struct DecodeArgs {
    /// A file that holds the value; `-` or nothing is standard input
    file: Option<PathBuf>,
    /// Print only the value at the end of this trail, raw: `value ▸ base64 ▸ gzip`
    #[arg(long, value_name = "TRAIL")]
    to: Option<Trail>,
}

impl DecodeArgs {
    pub fn run(self) -> Result<ExitStatus> {
        let value = self.value()?;
        if value.is_empty() {
            bail!("there is nothing to decode");
        }
        match &self.to {
            Some(trail) => to(&value, trail),
            None => {
                let (text, whole) = tree(&value, DecodeColor::of_terminal());
                print(&text);
                Ok(if whole { ExitStatus::Clean } else { ExitStatus::SawTooLittle })
            }
        }
    }

    fn value(&self) -> Result<Vec<u8>> {
        let value = match self.file.as_ref().filter(|file| file.as_os_str() != "-") {
            Some(file) if !file.exists() => bail!(
                "there is no file {}; a value itself goes in by a pipe: printf %s VALUE | candor decode",
                file.display()
            ),
            Some(file) => std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?,
            None => {
                let mut value = Vec::new();
                std::io::stdin().lock().read_to_end(&mut value).context("cannot read standard input")?;
                value
            }
        };
        Ok(without_line_end(value))
    }
}

/// Removes the line end that editors and `echo` add to a text.
fn without_line_end(mut value: Vec<u8>) -> Vec<u8> {
    let text = value.strip_suffix(b"\n").map(|text| text.strip_suffix(b"\r").unwrap_or(text));
    if let Some(text) = text
        && !text.iter().any(|byte| *byte < b' ' && *byte != b'\t' || *byte == 0x7f)
    {
        value.truncate(text.len());
    }
    value
}

fn to(value: &[u8], trail: &Trail) -> Result<ExitStatus> {
    let mut trail = trail.clone();
    if trail.steps.first().is_some_and(|step| step.layer != "value") {
        trail.steps.insert(0, TrailStep { layer: "value".into(), place: model::LayerPlace::Whole });
    }
    let inner = walk_value(value, &trail).ok_or_else(|| anyhow!("there is no value at {trail}"))?;
    // Errors are ignored, because the reader may have closed its end.
    let _ = std::io::stdout().write_all(&inner);
    Ok(ExitStatus::Clean)
}

/// The tree of values, one a line, and whether all of them could be opened.
fn tree(value: &[u8], paint: DecodeColor) -> (String, bool) {
    let (mut lines, mut gaps) = (Vec::new(), Vec::new());
    let mut visit = |leaf: &model::Leaf<'_>| {
        lines.push(DecodeLine { trail: leaf.route.trail(), shown: shown(leaf.value), weak: leaf.weak });
    };
    open_value(value, &DecodeLimits::default(), &mut visit, &mut gaps);
    let mut text = String::new();
    for line in &lines {
        line.write(paint, &mut text);
        gaps.iter().filter(|gap| gap.place == line.trail).for_each(|gap| write_gap(gap, paint, &mut text));
    }
    let elsewhere = |gap: &&Gap| !lines.iter().any(|line| line.trail == gap.place);
    gaps.iter().filter(elsewhere).for_each(|gap| write_gap(gap, paint, &mut text));
    (text, gaps.is_empty())
}

struct DecodeLine {
    trail: Trail,
    shown: String,
    weak: bool,
}

impl DecodeLine {
    fn write(&self, paint: DecodeColor, text: &mut String) {
        let Some(step) = self.trail.steps.last() else { return };
        let indent = "  ".repeat(self.trail.steps.len() - 1);
        let (sign, colour) = if self.weak { ("~", DecodeColor::YELLOW) } else { ("=", DecodeColor::CYAN) };
        let name = paint.with(colour, &plain(&step.to_string()));
        text.push_str(&format!("{indent}{name} {sign} {}\n", self.shown));
    }
}

fn write_gap(gap: &Gap, paint: DecodeColor, text: &mut String) {
    let indent = "  ".repeat(gap.place.steps.len());
    let says = paint.with(DecodeColor::RED, &format!("! {}: {}", gap.why.word(), gap.says));
    text.push_str(&format!("{indent}{says}\n"));
}

/// A value on one line, without control characters for a terminal.
fn shown(value: &[u8]) -> String {
    const BINARY: usize = 24;
    let is_binary = std::str::from_utf8(value).is_err() || value.iter().any(|byte| *byte < 9);
    if is_binary {
        let head = value[..value.len().min(BINARY)].escape_ascii();
        let more = if value.len() > BINARY { "…" } else { "" };
        return format!("{head}{more} ({} bytes)", value.len());
    }
    plain(&Sighting::shown(value))
}

/// Text without characters that move the cursor or change the direction of writing.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match c {
            '\n' => plain.push_str("\\n"),
            '\r' => plain.push_str("\\r"),
            '\t' => plain.push_str("\\t"),
            c if c.is_control() || turns => plain.extend(c.escape_unicode()),
            c => plain.push(c),
        }
    }
    plain
}

/// Colour, or none.
#[derive(Clone, Copy)]
struct DecodeColor(bool);

impl DecodeColor {
    const RED: u8 = 31;
    const YELLOW: u8 = 33;
    const CYAN: u8 = 36;

    /// Colour on a terminal, unless `NO_COLOR` is set (no-color.org).
    fn of_terminal() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(std::io::stdout().is_terminal() && !refused)
    }

    fn with(self, colour: u8, text: &str) -> String {
        if self.0 { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_shows_what_is_inside() {
        let (text, whole) = tree(b"crc=1&data=eyJ1cmwiOiJodHRwczovL2EuZXhhbXBsZS8ifQ%3D%3D", DecodeColor(false));
        assert!(whole);
        assert!(
            text.contains("    base64 = {\"url\":\"https://a.example/\"}\n      json $.url = https://a.example/\n"),
            "{text}"
        );
    }

    #[test]
    fn what_does_not_open_is_marked() {
        let (text, whole) = tree(b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xcb", DecodeColor(false));
        assert!(!whole);
        assert!(text.contains("! cut: "), "{text}");
    }

    #[test]
    fn a_terminal_is_not_told_what_to_do() {
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}c"), "a\\u{1b}[2Jb\\u{202e}c");
    }

    #[test]
    fn a_line_end_is_left_out_of_text_only() {
        assert_eq!(without_line_end(b"text\r\n".to_vec()), b"text");
        assert_eq!(without_line_end(b"\0\n".to_vec()), b"\0\n");
    }
}
