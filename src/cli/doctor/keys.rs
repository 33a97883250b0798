//! The keyring, alone and held against the store.

use std::path::Path;

use super::finding::Finding;
use crate::config::Config;
use crate::crypto::Keyring;
use crate::store::embedded::KeyFault;
use crate::store::embedded::look::Folder;

/// Looks at it; where there is a store, also whether they fit.
pub(super) fn look(config: &Config, store: Option<&Folder>) -> Vec<Finding> {
    const KEYRING: &str = "keys.keyring";
    let path = &config.keys.keyring_file;
    let keyring = match Keyring::load(path) {
        Ok(keyring) => keyring,
        Err(error) => {
            let advice = "put its newest copy back; only a new service gets a new one (`portcullis keys generate`)";
            return vec![Finding::error(KEYRING, &error, advice)];
        }
    };
    let mut findings = vec![Finding::ok(KEYRING, format!("{}: {} keys, whole", path.display(), keyring.list().len()))];
    findings.push(place(path, &config.store.path));
    findings.extend(store.map(|store| fit(&keyring, store)));
    findings
}

fn place(keyring: &Path, store: &Path) -> Finding {
    const CHECK: &str = "keys.place";
    let inside = match (keyring.canonicalize(), store.canonicalize()) {
        (Ok(keyring), Ok(store)) => keyring.starts_with(store),
        _ => keyring.starts_with(store),
    };
    if inside {
        let advice = "move it away: whoever copies the store's folder, as a backup does, has its keys too";
        return Finding::warn(CHECK, "it lies in the store's folder", advice);
    }
    Finding::ok(CHECK, "apart from the store")
}

fn fit(keyring: &Keyring, store: &Folder) -> Finding {
    const CHECK: &str = "keys.store";
    let fault = match store.keys(&keyring.marks()) {
        Ok(Ok(())) => return Finding::ok(CHECK, "every key that the store knows is there"),
        Ok(Err(fault)) => fault,
        Err(error) => return Finding::error(CHECK, &error, "look at the store first"),
    };
    let (found, advice) = match fault {
        KeyFault::Missing { name } => (
            format!("`{name}` is not there, and the store may hold what it made"),
            "put it back: the keyring's newest copy has it, retired keys included",
        ),
        KeyFault::Other { name } => {
            (format!("`{name}` is not the one that the store knows"), "put back the keyring's newest copy")
        }
        KeyFault::OtherKeyring => {
            ("it is another store's keyring".to_owned(), "put back the one that the store was made with")
        }
    };
    Finding::fail(CHECK, found, advice)
}
