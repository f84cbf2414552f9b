//! The program that the menu starts: the `Exec=` line of a desktop entry
//! (freedesktop.org, Desktop Entry Specification 1.5, "The Exec key").

use std::path::PathBuf;

use crate::cell::find;

/// The folders in which distributions install entries.
const FOLDERS: [&str; 2] = ["/usr/local/share/applications", "/usr/share/applications"];

/// A program, with the arguments from its desktop entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DesktopEntry {
    /// The entry's file; none if there is no entry.
    pub file: Option<PathBuf>,
    pub program: PathBuf,
    pub args: Vec<String>,
}

/// The installed entry of this name; none if its program is not installed.
pub(crate) fn installed(name: &str) -> Option<DesktopEntry> {
    FOLDERS.iter().find_map(|folder| {
        let file = PathBuf::from(folder).join(name);
        let mut words = command_line(&std::fs::read_to_string(&file).ok()?)?.into_iter();
        let program = find(&words.next()?)?;
        Some(DesktopEntry { file: Some(file), program, args: words.collect() })
    })
}

/// The words of `Exec=` in the main group, without the fields for files and
/// addresses: a start from the menu has none.
fn command_line(entry: &str) -> Option<Vec<String>> {
    let main = entry.lines().skip_while(|line| line.trim() != "[Desktop Entry]").skip(1);
    let mut main = main.take_while(|line| !line.starts_with('['));
    let line = main.find_map(|line| line.strip_prefix("Exec=").or_else(|| line.strip_prefix("Exec =")))?;
    let words = shlex::split(line.trim())?;
    let is_field = |word: &String| word.len() == 2 && word.starts_with('%') && word != "%%";
    Some(words.into_iter().filter(|word| !is_field(word)).map(|word| word.replace("%%", "%")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_group_is_read_and_fields_are_left_out() {
        let entry = "[Desktop Entry]\nName=Web\nExec=/usr/bin/web --class \"a b\" %U\n\n\
                     [Desktop Action private]\nExec=/usr/bin/web --incognito\n";
        assert_eq!(command_line(entry).unwrap(), ["/usr/bin/web", "--class", "a b"]);
    }

    #[test]
    fn what_is_no_entry_gives_no_command() {
        for text in
            ["", "[Desktop Entry]\nName=Web\n", "Exec=/bin/x\n", "[Other]\nExec=/bin/x\n", "[Desktop Entry]\nExec=\"\n"]
        {
            assert_eq!(command_line(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_doubled_percent_is_one() {
        assert_eq!(command_line("[Desktop Entry]\nExec=x 5%% %f").unwrap(), ["x", "5%"]);
    }
}
