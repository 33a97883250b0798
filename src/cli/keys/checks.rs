//! What can be found out about a keyring: alone, beside its store, and beside the service that runs with it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::upkeep::{Use, bar, cut_off, mark, on_wire};
use crate::cli::failure::Failure;
use crate::cli::finding::Finding;
use crate::crypto::{KeyInfo, KeyState, Keyring, Purpose, self_test};
use crate::grpc::client::Client;
use crate::grpc::pb::v1 as pb;
use crate::store::KeyFault;
use crate::store::embedded::look::Folder;

/// Who may write the folder may put another keyring there.
const OTHERS_WRITE: u32 = 0o022;

/// What the running service says of its keys.
pub(in crate::cli) struct Asked {
    held: Vec<pb::Key>,
    uses: Vec<Use>,
}

impl Asked {
    /// Asks. Counting reads all that is stored.
    pub(in crate::cli) async fn of(client: &Client) -> Result<Self, Failure> {
        let held = client.keys().list_keys(pb::ListKeysRequest {}).await?.into_inner().keys;
        Ok(Self { held, uses: count(client).await? })
    }
}

/// Counts what names each retired key of the running service.
async fn count(client: &Client) -> Result<Vec<Use>, Failure> {
    let mut told = client.keys().count_key_uses(pb::CountKeyUsesRequest {}).await?.into_inner();
    let bar = bar();
    while let Some(pb::CountKeyUsesResponse { bodies_read, done, uses }) = told.message().await? {
        bar.set_message(format!("{bodies_read} rows and records read"));
        if done {
            bar.finish_and_clear();
            return Ok(uses.into_iter().map(Use::from).collect());
        }
    }
    Err(cut_off())
}

/// The keyring that is looked at.
pub(in crate::cli) struct Looked<'a> {
    /// Its file.
    pub(in crate::cli) file: &'a Path,
    /// Where the store is or is to be: the file must lie elsewhere.
    pub(in crate::cli) place: Option<&'a Path>,
}

/// Looks at all of it; where there is a store, also whether they fit.
pub(in crate::cli) fn look(
    keyring: &Looked<'_>,
    store: Option<&Folder>,
    asked: Option<&Asked>,
    now: DateTime<Utc>,
) -> Vec<Finding> {
    const KEYRING: &str = "keys.keyring";
    let Looked { file, place } = *keyring;
    let keyring = match Keyring::load(file) {
        Ok(keyring) => keyring,
        Err(error) => {
            let advice = "put its newest copy back; only a new service gets a new one (`portcullis keys generate`)";
            return vec![Finding::error(KEYRING, &error, advice)];
        }
    };
    let count = keyring.list().len();
    let mut findings = vec![
        Finding::ok(KEYRING, format!("{}: {count} keys, every purpose among them, its owner's alone", file.display())),
        folder(file),
        tried(&keyring),
    ];
    findings.extend(keyring.list().iter().filter(|key| key.state == KeyState::Active).filter_map(|key| age(key, now)));
    findings.extend(place.map(|place| apart(file, place)));
    findings.extend(store.map(|store| fit(&keyring, store)));
    findings.extend(asked.into_iter().flat_map(|asked| beside_service(&keyring, asked)));
    findings
}

/// The folder that the file lies in.
fn folder(file: &Path) -> Finding {
    const CHECK: &str = "keys.folder";
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = match fs::metadata(folder) {
        Ok(found) => found.permissions().mode() & 0o777,
        Err(error) => return Finding::error(CHECK, &error, "look at the folder that the keyring lies in"),
    };
    if mode & OTHERS_WRITE == 0 {
        return Finding::ok(CHECK, format!("mode {mode:03o}: nobody else writes there"));
    }
    let found = format!("{} has mode {mode:03o}: others may put another file in its place", folder.display());
    Finding::fail(CHECK, found, format!("chmod go-w {}", folder.display()))
}

fn tried(keyring: &Keyring) -> Finding {
    const CHECK: &str = "keys.self_test";
    match self_test(keyring) {
        Ok(()) => Finding::ok(CHECK, "what it seals opens, what it makes and signs verifies"),
        Err(error) => Finding::error(CHECK, &error, "put its newest copy back"),
    }
}

/// How old a key that makes things should grow; the index key has no successor.
const fn age_max(purpose: Purpose) -> Option<TimeDelta> {
    match purpose {
        Purpose::Index => None,
        // Short-lived things: another key costs nothing.
        Purpose::Permit | Purpose::PermitSigning => Some(TimeDelta::days(180)),
        Purpose::Seal | Purpose::Pepper | Purpose::RecordSigning => Some(TimeDelta::days(365)),
    }
}

fn age(key: &KeyInfo, now: DateTime<Utc>) -> Option<Finding> {
    const CHECK: &str = "keys.age";
    let most = age_max(key.purpose)?;
    let (named, days) = (format!("{} {}", key.purpose.name(), key.id), (now - key.created).num_days());
    let left = most.num_days().saturating_sub(days);
    if left > 0 {
        return Some(Finding::ok(CHECK, format!("{named}: {days} days, another one is due in {left}")));
    }
    let advice = format!("`portcullis keys rotate FILE {}`, and start the service again", key.purpose.name());
    Some(Finding::warn(CHECK, format!("{named}: {days} days, another one was due after {}", most.num_days()), advice))
}

/// Whether the keyring lies apart from the store's folder.
fn apart(keyring: &Path, store: &Path) -> Finding {
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

/// Whether the store would start with this keyring.
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

/// Whether the service started with this keyring, and what names the retired keys.
fn beside_service(keyring: &Keyring, asked: &Asked) -> Vec<Finding> {
    const CHECK: &str = "keys.running";
    let held = |key: &KeyInfo| {
        let of = |held: &&pb::Key| held.purpose == i32::from(on_wire(key.purpose)) && held.number == i32::from(key.id);
        asked.held.iter().find(of)
    };
    let unlike = |key: &KeyInfo| {
        let mark = mark(keyring, key.purpose, key.id);
        held(key).is_none_or(|held| Some(&held.mark) != mark.as_ref() || held.active != (key.state == KeyState::Active))
    };
    let names: Vec<String> = keyring
        .list()
        .iter()
        .filter(|key| unlike(key))
        .map(|key| format!("{} {}", key.purpose.name(), key.id))
        .collect();
    let running = if names.is_empty() {
        Finding::ok(CHECK, "the running service started with these keys")
    } else {
        let found = format!("the running service does not know these as they are: {}", names.join(", "));
        Finding::warn(CHECK, found, "start it again if the keyring was rotated; else it runs with another keyring")
    };
    std::iter::once(running).chain(asked.uses.iter().map(named)).collect()
}

fn named(found: &Use) -> Finding {
    const CHECK: &str = "keys.retired";
    let Use { purpose, number, uses, free: _ } = found;
    if *uses == 0 {
        let told = format!("{purpose} {number}: nothing names it, so `portcullis keys retire` takes it out");
        return Finding::ok(CHECK, told);
    }
    Finding::warn(CHECK, format!("{purpose} {number}: named in {uses} places"), found.advice())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use chrono::{DateTime, TimeDelta};

    use super::{Looked, look};
    use crate::cli::finding::{Report, State};
    use crate::cli::output::Answer as _;
    use crate::crypto::Keyring;

    #[test]
    fn a_keyring_is_looked_at_whole_and_grows_old() {
        let (folder, made) = (tempfile::tempdir().unwrap(), DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let file = folder.path().join("keyring.json");
        Keyring::generate(made).unwrap().save_new(&file).unwrap();
        let after = |days| Report(look(&Looked { file: &file, place: None }, None, None, made + TimeDelta::days(days)));
        assert_eq!(after(1).state(), State::Ok, "{}", after(1).text());
        assert!(after(179).text().contains("permit 1: 179 days, another one is due in 1"), "{}", after(179).text());
        let old = after(400);
        assert_eq!(old.state(), State::Warn);
        assert_eq!(old.text().matches("another one was due").count(), 5, "{}", old.text());
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(after(1).state(), State::Fail);
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(after(1).state(), State::Fail);
    }
}
