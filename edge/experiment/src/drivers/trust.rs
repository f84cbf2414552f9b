//! Adds Candor's authority to a browser's certificate database (NSS), as a
//! company would install its own.

use std::{path::Path, time::Duration};

use crate::{
    Error,
    cell::{Cell, CellProgram, find},
};

/// Adds the authority, PEM, to the database in each of these folders.
pub(super) async fn add_to_all(cell: &Cell, folders: &[String], pem: &str) -> Result<(), Error> {
    for folder in folders {
        add(cell, folder, pem).await?;
    }
    Ok(())
}

/// Adds the authority, PEM, to the database in this folder of the subject's home.
/// The database is created if there is none.
pub(super) async fn add(cell: &Cell, folder: &str, pem: &str) -> Result<(), Error> {
    let file = format!("{folder}/candor.pem");
    if cell.read(&file).await.is_ok_and(|known| known == pem.as_bytes()) {
        return Ok(());
    }
    if find("certutil").is_none() {
        return Err(Error::Missing { program: "certutil".to_owned(), package: "libnss3-tools" });
    }
    let file = cell.write(file, pem).await?;
    let database = format!("sql:{}", file.parent().unwrap_or(Path::new(".")).display());
    let file = file.display().to_string();
    for args in [
        vec!["-d", &database, "-N", "--empty-password"],
        vec!["-d", &database, "-A", "-t", "C,,", "-n", "Candor", "-i", &file],
    ] {
        let done = cell.run(CellProgram::new("certutil").args(args), Duration::from_secs(20)).await?;
        if !done.status.success() {
            let says = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            return Err(Error::Refused { program: "certutil".to_owned(), says });
        }
    }
    Ok(())
}
