//! A cell, or the reason why there is none here.

use experiment::{
    Error,
    cell::{Cell, CellSpec, Device, Sockets, User, Walls, find},
};

/// A cell with namespaces; none, with the reason printed, where that cannot be.
pub async fn cell() -> Option<(Cell, Sockets)> {
    for program in ["chromium", "certutil"] {
        if find(program).is_none() {
            eprintln!("skipped: {program} is not installed");
            return None;
        }
    }
    let spec =
        CellSpec { walls: Walls::Namespaces, device: Device::numbered(1, 0), user: User::default(), keep: Vec::new() };
    match Cell::open(spec).await {
        Ok(made) => Some(made),
        Err(why @ (Error::NoRightToIsolate(_) | Error::Missing { .. })) => {
            eprintln!("skipped: {why}");
            None
        }
        Err(other) => panic!("{other}"),
    }
}
