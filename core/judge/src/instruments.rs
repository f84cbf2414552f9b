//! Runs the tests for values that can be read but not explained, on the section
//! of each trial that a promise is about.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use model::Mode;

use crate::{
    JudgeInput,
    fields::{
        contrast::{ContrastResult, contrast},
        table::{FieldTable, GroupKey, TrialGroup, groups},
        twins::{TwinResult, twins},
    },
};

/// The section of a run that a promise is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunSection {
    /// The first phase of each trial that counts. Values sent before it do not
    /// concern the promise.
    pub(crate) first: BTreeMap<u32, usize>,
    /// Exchanges that do not count: reports of acts that the promise does not
    /// cover.
    pub(crate) without: BTreeSet<u64>,
}

/// The results of the tests so far. Promises about the same section share a
/// result.
pub(crate) struct InstrumentCache<'a> {
    case: &'a JudgeInput<'a>,
    known: RefCell<BTreeMap<RunSection, Rc<InstrumentReadings<'a>>>>,
}

/// The results of both tests, for each group of trials.
pub(crate) struct InstrumentReadings<'a> {
    pub(crate) table: FieldTable<'a>,
    pub(crate) groups: BTreeMap<GroupKey, GroupReading>,
}

/// The results of both tests in one group of trials.
pub(crate) struct GroupReading {
    pub(crate) contrast: ContrastResult,
    pub(crate) twins: TwinResult,
}

impl<'a> InstrumentCache<'a> {
    pub(crate) fn of(case: &'a JudgeInput<'a>) -> Self {
        Self { case, known: RefCell::default() }
    }

    /// The results for this section; they are computed once.
    pub(crate) fn read(&self, stretch: &RunSection) -> Rc<InstrumentReadings<'a>> {
        if let Some(known) = self.known.borrow().get(stretch) {
            return Rc::clone(known);
        }
        let readings = Rc::new(InstrumentReadings::of(self.case, stretch));
        self.known.borrow_mut().insert(stretch.clone(), Rc::clone(&readings));
        readings
    }
}

impl<'a> InstrumentReadings<'a> {
    fn of(case: &'a JudgeInput<'a>, stretch: &RunSection) -> Self {
        let seed = case.run.map_or(0, |run| run.seed);
        let table = FieldTable::of(case, stretch);
        let reading = |group: &TrialGroup<'_>| GroupReading {
            contrast: contrast(&table, group),
            twins: twins(&table, group, seed),
        };
        let concerned: BTreeSet<u32> = stretch.first.keys().copied().collect();
        let groups = groups(case, &concerned).into_iter().filter(|(_, group)| !group.used.is_empty());
        let groups = groups.map(|(key, group)| (key, reading(&group))).collect();
        Self { table, groups }
    }
}

/// `in private mode `; empty if the mode is not known.
pub(crate) fn in_mode(mode: Mode) -> String {
    match mode {
        Mode::Unknown => String::new(),
        mode => format!("in {} mode ", mode.word()),
    }
}
