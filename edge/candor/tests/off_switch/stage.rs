//! A cell, or the reason why there is none here.

use experiment::{
    Error,
    cell::{Cell, CellDevice, CellIsolation, CellSockets, CellSpec, CellUser, find},
};

/// A cell with namespaces; none, with the reason printed, where that cannot be.
pub async fn cell() -> Option<(Cell, CellSockets)> {
    for program in ["chromium", "certutil"] {
        if find(program).is_none() {
            eprintln!("skipped: {program} is not installed");
            return None;
        }
    }
    let spec = CellSpec {
        walls: CellIsolation::Namespaces,
        device: CellDevice::numbered(1, 0),
        user: CellUser::default(),
        keep: Vec::new(),
    };
    match Cell::open(spec).await {
        Ok(made) => Some(made),
        Err(why @ (Error::NoRightToIsolate(_) | Error::Missing { .. })) => {
            eprintln!("skipped: {why}");
            None
        }
        Err(other) => panic!("{other}"),
    }
}
