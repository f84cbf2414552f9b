//! What is read and not understood: every instrument, used on the stretch of each
//! trial that a promise is about.

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

/// What of a run a promise is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunSection {
    /// The first phase of each trial that counts: what is sent before says nothing
    /// of what was promised from then on.
    pub(crate) first: BTreeMap<u32, usize>,
    /// Exchanges that do not count: reports of acts that it is not about.
    pub(crate) without: BTreeSet<u64>,
}

/// The instruments, and what they said so far: promises about the same stretch
/// share their readings.
pub(crate) struct InstrumentCache<'a> {
    case: &'a JudgeInput<'a>,
    known: RefCell<BTreeMap<RunSection, Rc<InstrumentReadings<'a>>>>,
}

/// What the instruments say of each group of trials that are alike.
pub(crate) struct InstrumentReadings<'a> {
    pub(crate) table: FieldTable<'a>,
    pub(crate) groups: BTreeMap<GroupKey, GroupReading>,
}

/// Both readings of one group.
pub(crate) struct GroupReading {
    pub(crate) contrast: ContrastResult,
    pub(crate) twins: TwinResult,
}

impl<'a> InstrumentCache<'a> {
    pub(crate) fn of(case: &'a JudgeInput<'a>) -> Self {
        Self { case, known: RefCell::default() }
    }

    /// What they say of this stretch.
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

/// `in private mode `, where a run has several.
pub(crate) fn in_mode(mode: Mode) -> String {
    match mode {
        Mode::Unknown => String::new(),
        mode => format!("in {} mode ", mode.word()),
    }
}
