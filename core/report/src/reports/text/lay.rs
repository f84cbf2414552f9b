//! Lines of at most 80 columns: paragraphs wrap at spaces, trails before `▸`.

use judge::{Outcome, Severity};

use super::TextColor;
use crate::sanitize::inert;

/// Columns of the narrowest terminal we write for.
const WIDTH: usize = 80;

/// What was written so far.
pub(super) struct TextSheet {
    out: String,
    paint: TextColor,
}

impl TextSheet {
    pub fn new(paint: TextColor) -> Self {
        Self { out: String::new(), paint }
    }

    pub fn done(self) -> String {
        self.out
    }

    /// One line as it is.
    pub fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    /// A title with a remark, after an empty line.
    pub fn title(&mut self, title: &str, remark: &str) {
        self.line("");
        let line = format!("{}  {remark}", self.bold(title));
        self.line(&line);
    }

    /// A paragraph at this indentation.
    pub fn text(&mut self, indent: usize, text: &str) {
        for line in wrapped(text, WIDTH - indent) {
            self.line(&format!("{:indent$}{line}", ""));
        }
    }

    /// The same, faint.
    pub fn faint(&mut self, indent: usize, text: &str) {
        for line in wrapped(text, WIDTH - indent) {
            let line = format!("{:indent$}{}", "", self.dim(&line));
            self.line(&line);
        }
    }

    /// A paragraph whose first line begins with a label before the indentation.
    /// A label that is too long for that stands on a line of its own.
    pub fn hanging(&mut self, at: usize, label: &str, indent: usize, text: &str) {
        let room = indent.saturating_sub(at + shown_width(label));
        if at + shown_width(label) > indent {
            self.line(&format!("{:at$}{label}", ""));
            return self.text(indent, text);
        }
        for (n, line) in wrapped(text, WIDTH - indent).iter().enumerate() {
            match n {
                0 => self.line(&format!("{:at$}{label}{:room$}{line}", "", "")),
                _ => self.line(&format!("{:indent$}{line}", "")),
            }
        }
    }

    /// A trail, broken before a layer where it is too long.
    pub fn trail(&mut self, indent: usize, trail: &str) {
        let trail = inert(trail);
        let mut line = String::new();
        for (n, step) in trail.split(" ▸ ").enumerate() {
            let step = if n == 0 { step.to_owned() } else { format!("▸ {step}") };
            let long = shown_width(&line) + 1 + shown_width(&step) > WIDTH - indent;
            if n > 0 && long {
                self.line(&format!("{:indent$}{line}", ""));
                line = format!("  {step}");
            } else {
                line.push_str(if n == 0 { "" } else { " " });
                line.push_str(&step);
            }
        }
        self.line(&format!("{:indent$}{line}", ""));
    }

    pub fn bold(&self, text: &str) -> String {
        self.paint.bold(text)
    }

    pub fn dim(&self, text: &str) -> String {
        self.paint.dim(text)
    }

    pub fn loud(&self, text: &str) -> String {
        self.paint.loud(text)
    }

    pub fn verdict(&self, outcome: Outcome, text: &str) -> String {
        self.paint.verdict(outcome, text)
    }

    pub fn severity(&self, severity: Severity, text: &str) -> String {
        self.paint.severity(severity, text)
    }
}

/// Text at the right end of a column.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text:>width$}")
}

/// Lines of at most so many columns; a word that is longer is cut into pieces.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a last line");
        let length = shown_width(line);
        if length > 0 && length + 1 + shown_width(word) > width {
            lines.push(String::new());
        } else if length > 0 {
            line.push(' ');
        }
        for c in word.chars() {
            if lines.last().is_some_and(|line| shown_width(line) >= width && c != '\u{1b}') {
                lines.push(String::new());
            }
            lines.last_mut().expect("there is always a last line").push(c);
        }
    }
    lines
}

/// Columns that a text takes, without its colours. Wide scripts take more;
/// their lines are then longer than the terminal, which wraps them.
fn shown_width(text: &str) -> usize {
    let mut width = 0;
    let mut colour = false;
    for c in text.chars() {
        match c {
            '\u{1b}' => colour = true,
            'm' if colour => colour = false,
            _ if colour => {}
            _ => width += 1,
        }
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_long_words_are_cut() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a abcdefghij", 4), ["a", "abcd", "efgh", "ij"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn a_label_that_does_not_fit_stands_alone() {
        let mut sheet = TextSheet::new(TextColor::None);
        sheet.hanging(2, "✗ BROKEN", 13, "one");
        sheet.hanging(2, "§ FOR AN AUTHORITY", 13, "two");
        assert_eq!(sheet.done(), "  ✗ BROKEN   one\n  § FOR AN AUTHORITY\n             two\n");
    }

    #[test]
    fn a_trail_breaks_before_a_layer() {
        let mut sheet = TextSheet::new(TextColor::None);
        sheet.trail(40, "body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[0].properties.url");
        let indent = " ".repeat(40);
        assert_eq!(
            sheet.done(),
            format!("{indent}body ▸ form data_list ▸ base64 ▸ gzip\n{indent}  ▸ json $[0].properties.url\n")
        );
    }

    #[test]
    fn colour_takes_no_room() {
        assert_eq!(shown_width(&TextColor::Colour.loud("four")), 4);
    }
}
