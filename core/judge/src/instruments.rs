//! What is read and not understood: every instrument, used on the stretch of each
//! trial that a promise is about.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use model::Mode;

use crate::{
    Case,
    fields::{
        contrast::{Contrast, contrast},
        table::{Group, GroupKey, Table, groups},
        twins::{Twins, twins},
    },
};

/// What of a run a promise is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stretch {
    /// The first phase of each trial that counts: what is sent before says nothing
    /// of what was promised from then on.
    pub(crate) first: BTreeMap<u32, usize>,
    /// Exchanges that do not count: reports of acts that it is not about.
    pub(crate) without: BTreeSet<u64>,
}

/// The instruments, and what they said so far: promises about the same stretch
/// share their readings.
pub(crate) struct Instruments<'a> {
    case: &'a Case<'a>,
    known: RefCell<BTreeMap<Stretch, Rc<Readings<'a>>>>,
}

/// What the instruments say of each group of trials that are alike.
pub(crate) struct Readings<'a> {
    pub(crate) table: Table<'a>,
    pub(crate) groups: BTreeMap<GroupKey, Reading>,
}

/// Both readings of one group.
pub(crate) struct Reading {
    pub(crate) contrast: Contrast,
    pub(crate) twins: Twins,
}

impl<'a> Instruments<'a> {
    pub(crate) fn of(case: &'a Case<'a>) -> Self {
        Self { case, known: RefCell::default() }
    }

    /// What they say of this stretch.
    pub(crate) fn read(&self, stretch: &Stretch) -> Rc<Readings<'a>> {
        if let Some(known) = self.known.borrow().get(stretch) {
            return Rc::clone(known);
        }
        let readings = Rc::new(Readings::of(self.case, stretch));
        self.known.borrow_mut().insert(stretch.clone(), Rc::clone(&readings));
        readings
    }
}

impl<'a> Readings<'a> {
    fn of(case: &'a Case<'a>, stretch: &Stretch) -> Self {
        let seed = case.run.map_or(0, |run| run.seed);
        let table = Table::of(case, stretch);
        let reading =
            |group: &Group<'_>| Reading { contrast: contrast(&table, group), twins: twins(&table, group, seed) };
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
