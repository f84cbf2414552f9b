//! Lays out an extension, or the simulated phone's program, in the subject's home.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::{Value, json};

use crate::{Error, cell::Cell};

/// Writes the files of `data/subjects/<folder>/` and a file with the configuration
/// into the cell: `edition.js`, with the device's id, for an extension, else
/// `edition.json`. Returns the folder to load.
pub async fn lay_out(
    cell: &Cell,
    files: &BTreeMap<String, Vec<u8>>,
    folder: &str,
    config: &Value,
) -> Result<PathBuf, Error> {
    let prefix = format!("subjects/{folder}/");
    for (path, bytes) in files.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix)) {
        cell.write(format!("{folder}/{}", &path[prefix.len()..]), bytes.as_slice()).await?;
    }
    if files.contains_key(&format!("{prefix}manifest.json")) {
        cell.write(format!("{folder}/edition.js"), edition(config, &cell.device().machine_id)).await?;
    } else {
        cell.write(format!("{folder}/edition.json"), config.to_string()).await?;
    }
    Ok(cell.home().join(folder))
}

/// A JavaScript module, because a service worker may not wait for a file at its start.
fn edition(config: &Value, machine_id: &str) -> String {
    let mut edition = config.clone();
    if let Some(members) = edition.as_object_mut() {
        // Replaces ANDROID_ID: 64 bits, the same in every install on a device.
        members.entry("android_id").or_insert_with(|| json!(machine_id.get(..16)));
    }
    format!("export const edition = {edition};\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_knows_its_device() {
        let module = edition(&json!({"reports": "always"}), "0123456789abcdef0123456789abcdef");
        assert_eq!(module, "export const edition = {\"reports\":\"always\",\"android_id\":\"0123456789abcdef\"};\n");
    }
}
