//! The position of a switch, temporary permissions included. The decision and the display both use
//! it, so a person sees the position that decides.
//!
//! The table of a program overrides that of its device, and the table of a device overrides the
//! table for all. At each of these levels a kind overrides the kind that it is a part of, and a
//! running hour overrides a switch of the same kind that is off.

use model::{Kind, Mode, Time};

use super::{Choices, SwitchTable, TemporaryAllow, whole_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchState {
    Off,
    On,
    /// On, and off again by itself.
    Until(Time),
}

/// One level (all, a device or a program) in one mode: its table and its running hours.
struct ColumnState<'c> {
    table: Option<&'c SwitchTable>,
    hours: Vec<&'c TemporaryAllow>,
    mode: Mode,
}

impl SwitchState {
    pub fn is_on(self) -> bool {
        self != Self::Off
    }

    /// When it will be off again, if it will.
    pub fn until(self) -> Option<Time> {
        if let Self::Until(until) = self { Some(until) } else { None }
    }

    fn of(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }

    fn with(self, hour: Option<Time>) -> Self {
        match (self, hour) {
            (stand, None) => stand,
            (Self::On, _) => Self::On,
            (Self::Off, Some(to)) => Self::Until(to),
            (Self::Until(until), Some(to)) => Self::Until(until.max(to)),
        }
    }
}

impl Choices {
    /// The position of a kind's switch, for one device, or for all devices that have no switches of
    /// their own.
    pub fn stand(&self, kind: &Kind, mode: Mode, device: Option<&str>, wall: Time) -> SwitchState {
        self.stand_of(kind, mode, device, None, wall)
    }

    pub(super) fn stand_of(
        &self,
        kind: &Kind,
        mode: Mode,
        device: Option<&str>,
        program: Option<&str>,
        wall: Time,
    ) -> SwitchState {
        let hours = |of: Option<&str>| {
            let running = self.hours.iter().filter(move |hour| hour.mode == mode && hour.runs_at(wall));
            running.filter(|hour| hour.device.as_deref() == of).collect()
        };
        let mut stand = ColumnState { table: Some(&self.table), hours: hours(None), mode }.over(SwitchState::Off, kind);
        if let Some(id) = device {
            let table = self.device(id).map(|device| &device.table);
            stand = ColumnState { table, hours: hours(Some(id)), mode }.over(stand, kind);
        }
        if let Some(program) = program.and_then(|name| self.program(name)) {
            stand = ColumnState { table: Some(&program.table), hours: vec![], mode }.over(stand, kind);
        }
        stand
    }
}

impl ColumnState<'_> {
    /// The position at this level, given the position at the wider levels.
    fn over(&self, wider: SwitchState, kind: &Kind) -> SwitchState {
        let of_the_whole = whole_of(kind).map_or(wider, |whole| self.of(&whole, wider));
        self.of(kind, of_the_whole)
    }

    fn of(&self, kind: &Kind, wider: SwitchState) -> SwitchState {
        let row = self.table.and_then(|table| table.0.get(kind)).and_then(|row| row.of(self.mode));
        let hour = self.hours.iter().filter(|hour| hour.kind == *kind).map(|hour| hour.to).max();
        row.map_or(wider, SwitchState::of).with(hour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientIdentity, DeviceChoices, ProgramChoices};

    const NOW: Time = Time(5);

    fn hour(kind: &str, device: Option<&str>, to: i64) -> TemporaryAllow {
        let device = device.map(Into::into);
        TemporaryAllow { kind: Kind::new(kind), mode: Mode::Normal, device, from: Time(0), to: Time(to) }
    }

    fn device(id: &str, kind: &str, on: bool) -> DeviceChoices {
        let mut device = DeviceChoices { id: id.into(), ..DeviceChoices::default() };
        device.table.turn(&Kind::new(kind), Mode::Normal, on);
        device
    }

    /// For all devices, for the phone; and that what decides says the same.
    fn stands(choices: &Choices, kind: &str) -> (SwitchState, SwitchState) {
        let kind = Kind::new(kind);
        let of = |device: Option<&str>| {
            let stand = choices.stand(&kind, Mode::Normal, device, NOW);
            let who = ClientIdentity::new(device.unwrap_or("another"), Mode::Normal);
            assert_eq!(stand.is_on(), choices.is_on(&kind, &who, NOW), "{kind} for {device:?}");
            stand
        };
        (of(None), of(Some("phone")))
    }

    #[test]
    fn an_hour_for_an_address_is_one_for_its_parts_and_shown_there() {
        let choices = Choices { hours: vec![hour("visited-url", None, 9)], ..Choices::default() };
        for kind in ["visited-url", "visited-url-part", "visited-host"] {
            assert_eq!(stands(&choices, kind), (SwitchState::Until(Time(9)), SwitchState::Until(Time(9))), "{kind}");
        }
        assert_eq!(stands(&choices, "search"), (SwitchState::Off, SwitchState::Off));
    }

    #[test]
    fn a_part_that_was_turned_off_stays_off_in_the_hour_of_the_whole() {
        let mut choices = Choices { hours: vec![hour("visited-url", None, 9)], ..Choices::default() };
        choices.table.turn(&Kind::new("visited-host"), Mode::Normal, false);
        assert_eq!(stands(&choices, "visited-host").0, SwitchState::Off);
        assert_eq!(stands(&choices, "visited-url").0, SwitchState::Until(Time(9)));
        choices.hours.push(hour("visited-host", None, 7));
        assert_eq!(stands(&choices, "visited-host").0, SwitchState::Until(Time(7)), "its own hour says more");
    }

    #[test]
    fn a_device_that_was_turned_off_stays_off_in_an_hour_for_all() {
        let devices = vec![device("phone", "search", false)];
        let mut choices = Choices { devices, hours: vec![hour("search", None, 9)], ..Choices::default() };
        assert_eq!(stands(&choices, "search"), (SwitchState::Until(Time(9)), SwitchState::Off));
        choices.hours.push(hour("search", Some("phone"), 7));
        assert_eq!(stands(&choices, "search").1, SwitchState::Until(Time(7)));
        let programs =
            vec![ProgramChoices { name: "browser".into(), maker: None, table: choices.devices[0].table.clone() }];
        let choices = Choices { programs, ..choices };
        let who = ClientIdentity { program: Some("browser".into()), ..ClientIdentity::new("phone", Mode::Normal) };
        assert!(!choices.is_on(&Kind::new("search"), &who, NOW));
    }

    #[test]
    fn what_is_on_without_end_has_no_end() {
        let mut choices = Choices { hours: vec![hour("search", Some("phone"), 9)], ..Choices::default() };
        assert_eq!(stands(&choices, "search"), (SwitchState::Off, SwitchState::Until(Time(9))));
        choices.table.turn(&Kind::new("search"), Mode::Normal, true);
        assert_eq!(stands(&choices, "search"), (SwitchState::On, SwitchState::On));
        choices.devices = vec![device("phone", "search", false)];
        assert_eq!(stands(&choices, "search"), (SwitchState::On, SwitchState::Until(Time(9))));
    }

    #[test]
    fn the_later_of_two_hours_counts() {
        let hours = vec![hour("search", None, 9), hour("search", None, 7), hour("search", Some("phone"), 8)];
        let choices = Choices { hours, ..Choices::default() };
        assert_eq!(stands(&choices, "search"), (SwitchState::Until(Time(9)), SwitchState::Until(Time(9))));
    }
}
