//! Choices as a text that people read and edit: `choices.toml`.
//!
//! What the text does not name is off. A text that cannot be read changes
//! nothing: whoever loads it keeps what was chosen before, and says so.

use std::{collections::BTreeMap, fmt, fmt::Write};

use knowledge::kinds::KindTable;
use model::{Kind, Mode, Time};
use serde::Deserialize;
use toml::value::Datetime;

use super::{
    Choices, DeviceChoices, HostAction, HostRule, ProgramChoices, SuggestionSwitch, SwitchRow, SwitchTable,
    TemporaryAllow, UnreadChoice, UnreadChoices,
};

/// Why a text is not a person's choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadChoices(pub String);

impl fmt::Display for BadChoices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadChoices {}

const HEAD: &str = "\
# What may leave this machine and the devices that go through Candor.
# Everything that is not \"on\" here is off, but for updates and for security
# services (they warn of dangerous sites), which are on unless they are \"off\". This
# file may be edited: it counts from the next request on. If it cannot be read, the
# choices before it stay.
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoicesText {
    #[serde(default)]
    strict: SwitchText,
    #[serde(default = "on")]
    security: SwitchText,
    #[serde(default = "on")]
    updates: SwitchText,
    #[serde(default)]
    suggestions: TextRow,
    #[serde(default)]
    unread: TextUnread,
    #[serde(default)]
    kinds: BTreeMap<String, TextRow>,
    #[serde(default)]
    device: Vec<TextDevice>,
    #[serde(default)]
    program: Vec<TextProgram>,
    #[serde(default)]
    hour: Vec<TextHour>,
    #[serde(default)]
    destination: Vec<TextDestined>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SwitchText {
    On,
    #[default]
    Off,
}

const fn on() -> SwitchText {
    SwitchText::On
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TextUnread {
    normal: Option<String>,
    private: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TextRow {
    normal: Option<SwitchText>,
    private: Option<SwitchText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextDevice {
    id: String,
    name: Option<String>,
    maker: Option<String>,
    #[serde(default)]
    kinds: BTreeMap<String, TextRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextProgram {
    name: String,
    maker: Option<String>,
    #[serde(default)]
    kinds: BTreeMap<String, TextRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextHour {
    kind: String,
    mode: String,
    device: Option<String>,
    from: Datetime,
    to: Datetime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextDestined {
    host: String,
    rule: String,
    device: Option<String>,
}

impl Choices {
    /// Reads the text. Kinds may go by any of their names.
    pub fn parse(text: &str, kinds: &KindTable) -> Result<Self, BadChoices> {
        let text: ChoicesText = toml::from_str(text).map_err(|error| BadChoices(error.to_string()))?;
        let unread = |word: Option<String>, default| match word {
            None => Ok(default),
            Some(word) => UnreadChoice::from_word(&word)
                .ok_or_else(|| BadChoices(format!("unread can be pass, absorb or refuse, not {word:?}"))),
        };
        let default = UnreadChoices::default();
        Ok(Self {
            strict: text.strict.is_on(),
            security: text.security.is_on(),
            updates: text.updates.is_on(),
            suggestions: text.suggestions.read(),
            unread: UnreadChoices {
                normal: unread(text.unread.normal, default.normal)?,
                private: unread(text.unread.private, default.private)?,
            },
            table: table(text.kinds, kinds)?,
            devices: text.device.into_iter().map(|device| device.read(kinds)).collect::<Result<_, _>>()?,
            programs: text.program.into_iter().map(|program| program.read(kinds)).collect::<Result<_, _>>()?,
            hours: text.hour.into_iter().map(|hour| hour.read(kinds)).collect::<Result<_, _>>()?,
            destinations: text.destination.into_iter().map(TextDestined::read).collect::<Result<_, _>>()?,
        })
    }

    /// The text, which [`Choices::parse`] reads again.
    pub fn print(&self) -> String {
        let mut out = String::from(HEAD);
        let mut line = |text: String| {
            out.push_str(&text);
            out.push('\n');
        };
        line(format!("\nstrict   = \"{}\"", on_off(self.strict)));
        line(format!("security = \"{}\"", on_off(self.security)));
        line(format!("updates  = \"{}\"", on_off(self.updates)));
        let SuggestionSwitch { normal, private } = self.suggestions;
        line(format!("\n[suggestions]\nnormal  = \"{}\"\nprivate = \"{}\"", on_off(normal), on_off(private)));
        line(format!(
            "\n[unread]\nnormal  = \"{}\"\nprivate = \"{}\"",
            self.unread.normal.word(),
            self.unread.private.word()
        ));
        line(rows("kinds", &self.table));
        for device in &self.devices {
            line(format!("[[device]]\nid = {}", quoted(&device.id)));
            line(pairs(&[("name", &device.name), ("maker", &device.maker)]));
            line(rows("device.kinds", &device.table));
        }
        for program in &self.programs {
            line(format!("[[program]]\nname = {}", quoted(&program.name)));
            line(pairs(&[("maker", &program.maker)]));
            line(rows("program.kinds", &program.table));
        }
        for hour in &self.hours {
            line(format!("[[hour]]\nkind = {}\nmode = \"{}\"", quoted(hour.kind.as_str()), hour.mode.word()));
            line(format!("{}from = {}\nto = {}\n", pairs(&[("device", &hour.device)]), hour.from, hour.to));
        }
        for destined in &self.destinations {
            line(format!("[[destination]]\nhost = {}\nrule = \"{}\"", quoted(&destined.host), destined.rule.word()));
            line(pairs(&[("device", &destined.device)]));
        }
        let mut text = String::new();
        let mut blank = false;
        for line in out.lines() {
            if !(line.is_empty() && blank) {
                text.push_str(line);
                text.push('\n');
            }
            blank = line.is_empty();
        }
        format!("{}\n", text.trim_end())
    }
}

impl SwitchText {
    const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

impl TextRow {
    fn read(&self) -> SuggestionSwitch {
        let is_on = |switch: Option<SwitchText>| switch.is_some_and(SwitchText::is_on);
        SuggestionSwitch { normal: is_on(self.normal), private: is_on(self.private) }
    }
}

impl TextDevice {
    fn read(self, kinds: &KindTable) -> Result<DeviceChoices, BadChoices> {
        let table = table(self.kinds, kinds)?;
        Ok(DeviceChoices { id: self.id, name: self.name, maker: self.maker, table })
    }
}

impl TextProgram {
    fn read(self, kinds: &KindTable) -> Result<ProgramChoices, BadChoices> {
        let table = table(self.kinds, kinds)?;
        Ok(ProgramChoices { name: self.name, maker: self.maker, table })
    }
}

impl TextHour {
    fn read(self, kinds: &KindTable) -> Result<TemporaryAllow, BadChoices> {
        let mode = match Mode::from_word(&self.mode) {
            Mode::Unknown => {
                return Err(BadChoices(format!("an hour is for mode normal or private, not {:?}", self.mode)));
            }
            mode => mode,
        };
        let (from, to) = (moment(&self.from)?, moment(&self.to)?);
        Ok(TemporaryAllow { kind: kind(&self.kind, kinds)?, mode, device: self.device, from, to })
    }
}

impl TextDestined {
    fn read(self) -> Result<HostRule, BadChoices> {
        let rule =
            [HostAction::Allow, HostAction::Stop, HostAction::Cut].into_iter().find(|rule| rule.word() == self.rule);
        let rule =
            rule.ok_or_else(|| BadChoices(format!("a destination's rule is allow, stop or cut, not {:?}", self.rule)))?;
        Ok(HostRule { host: self.host, rule, device: self.device })
    }
}

fn table(rows: BTreeMap<String, TextRow>, kinds: &KindTable) -> Result<SwitchTable, BadChoices> {
    let row = |(name, row): (String, TextRow)| {
        let row = SwitchRow { normal: row.normal.map(SwitchText::is_on), private: row.private.map(SwitchText::is_on) };
        Ok((kind(&name, kinds)?, row))
    };
    rows.into_iter().map(row).collect::<Result<_, _>>().map(SwitchTable)
}

fn kind(name: &str, kinds: &KindTable) -> Result<Kind, BadChoices> {
    let known = kinds.kind(name).ok_or_else(|| BadChoices(format!("no kind of data is called {name:?}")))?;
    Ok(Kind::new(&known.id))
}

fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn rows(head: &str, table: &SwitchTable) -> String {
    let mut text = String::new();
    for (kind, row) in &table.0 {
        // Writing to a String does not fail.
        let _ = writeln!(text, "\n[{head}.{kind}]");
        for (mode, cell) in [("normal ", row.normal), ("private", row.private)] {
            if let Some(on) = cell {
                let _ = writeln!(text, "{mode} = \"{}\"", on_off(on));
            }
        }
    }
    text
}

fn pairs(pairs: &[(&str, &Option<String>)]) -> String {
    let given = pairs.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    given.map(|(name, value)| format!("{name} = {}\n", quoted(value))).collect()
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A moment with its distance from UTC (RFC 3339).
fn moment(text: &Datetime) -> Result<Time, BadChoices> {
    let (Some(date), Some(time), Some(offset)) = (text.date, text.time, text.offset) else {
        return Err(BadChoices(format!("{text} is no moment: write date, time and Z")));
    };
    let minutes = match offset {
        toml::value::Offset::Z => 0,
        toml::value::Offset::Custom { minutes } => i64::from(minutes),
    };
    let days = days(i64::from(date.year), i64::from(date.month), i64::from(date.day));
    let seconds = i64::from(time.hour) * 3_600 + i64::from(time.minute) * 60 + i64::from(time.second.unwrap_or(0));
    let millis = i64::from(time.nanosecond.unwrap_or(0) / 1_000_000);
    Ok(Time::from_millis(((days * 1_440 - minutes) * 60 + seconds) * 1_000 + millis))
}

/// Days since the epoch (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;
    use crate::checks::knowledge;

    fn kinds() -> KindTable {
        knowledge().kinds.clone()
    }

    fn full() -> Choices {
        let mut choices = Choices { strict: true, ..Choices::default() };
        choices.table.turn(&Kind::new("visited-url"), Mode::Normal, true);
        choices.table.turn(&Kind::new("search"), Mode::Unknown, false);
        let mut device =
            DeviceChoices { id: "192.168.1.20".into(), name: Some("My \"phone\"".into()), ..DeviceChoices::default() };
        device.table.turn(&Kind::new("email"), Mode::Private, true);
        device.maker = Some("Xiaomi".into());
        choices.devices.push(device);
        choices.programs.push(ProgramChoices { name: "chromium".into(), ..ProgramChoices::default() });
        let (from, to) = (Time::from_millis(1_790_000_000_000), Time::from_millis(1_790_003_600_123));
        let hour = TemporaryAllow { kind: Kind::new("search"), mode: Mode::Private, device: None, from, to };
        choices.hours.push(hour);
        choices.destinations.push(HostRule {
            host: "*.a.example".into(),
            rule: HostAction::Cut,
            device: Some("x".into()),
        });
        choices
    }

    #[test]
    fn the_text_is_made_for_people() {
        expect![[r#"
            # What may leave this machine and the devices that go through Candor.
            # Everything that is not "on" here is off, but for updates and for security
            # services (they warn of dangerous sites), which are on unless they are "off". This
            # file may be edited: it counts from the next request on. If it cannot be read, the
            # choices before it stay.

            strict   = "on"
            security = "on"
            updates  = "on"

            [suggestions]
            normal  = "off"
            private = "off"

            [unread]
            normal  = "pass"
            private = "absorb"

            [kinds.search]
            normal  = "off"
            private = "off"

            [kinds.visited-url]
            normal  = "on"

            [[device]]
            id = "192.168.1.20"
            name = 'My "phone"'
            maker = "Xiaomi"

            [device.kinds.email]
            private = "on"

            [[program]]
            name = "chromium"

            [[hour]]
            kind = "search"
            mode = "private"
            from = 2026-09-21T14:13:20.000Z
            to = 2026-09-21T15:13:20.123Z

            [[destination]]
            host = "*.a.example"
            rule = "cut"
            device = "x"
        "#]]
        .assert_eq(&full().print());
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for choices in [Choices::default(), full()] {
            assert_eq!(Choices::parse(&choices.print(), &kinds()), Ok(choices));
        }
    }

    #[test]
    fn an_empty_file_is_what_nobody_chose() {
        assert_eq!(Choices::parse("", &kinds()), Ok(Choices::default()));
    }

    #[test]
    fn a_kind_goes_by_any_of_its_names() {
        let choices = Choices::parse("kinds.search_term.normal = 'on'", &kinds()).unwrap();
        assert_eq!(choices.table.cell(&Kind::new("search"), Mode::Normal), Some(true));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, says) in [
            ("kinds.shoe-size.normal = 'on'", "no kind of data is called \"shoe-size\""),
            ("kinds.search.normal = 'yes'", "unknown variant `yes`"),
            ("kinds.search.secret = 'on'", "unknown field `secret`"),
            ("stricter = 'on'", "unknown field `stricter`"),
            ("unread.normal = 'drop'", "pass, absorb or refuse, not \"drop\""),
            ("[[destination]]\nhost = 'a'\nrule = 'maybe'", "allow, stop or cut, not \"maybe\""),
            (
                "[[hour]]\nkind='search'\nmode='both'\nfrom=2026-01-01T00:00:00Z\nto=2026-01-01T00:00:00Z",
                "not \"both\"",
            ),
            ("[[hour]]\nkind='search'\nmode='normal'\nfrom=2026-01-01\nto=2026-01-01", "is no moment"),
            ("strict = ", "TOML parse error"),
        ] {
            let error = Choices::parse(text, &kinds()).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_moment_may_be_written_in_any_zone() {
        let hour = |from| {
            let text = format!("[[hour]]\nkind='search'\nmode='normal'\nfrom={from}\nto={from}");
            Choices::parse(&text, &kinds()).unwrap().hours[0].from
        };
        assert_eq!(hour("2026-09-21T16:13:20.5+02:00"), Time::from_millis(1_790_000_000_500));
        assert_eq!(hour("2026-09-21T14:13:20Z"), Time::from_millis(1_790_000_000_000));
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in ".{0,200}") {
            let _ = Choices::parse(&text, &KindTable::default());
        }

        #[test]
        fn any_name_is_printed_and_read_again(name in ".{0,40}", millis in 0i64..4_000_000_000_000) {
            let mut choices = full();
            choices.devices[0].name = Some(name.clone());
            choices.destinations[0].host = name;
            choices.hours[0].to = Time::from_millis(millis);
            prop_assert_eq!(Choices::parse(&choices.print(), &kinds()), Ok(choices));
        }
    }
}
