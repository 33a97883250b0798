//! The store's folder, its owner, and what the store in it says of itself.

use std::os::unix::fs::PermissionsExt as _;

use super::command::Asked;
use crate::cli::finding::Finding;
use crate::config::StoreFolder;
use crate::store::embedded::look::{Folder, LookError, Told};

/// The check that takes long.
const CONTENT: &str = "store.content";

/// Others may not even list the folder.
const OTHERS: u32 = 0o077;

/// The folder: is it there, is it its owner's alone, what does it lie on.
pub(super) fn folder(settings: &StoreFolder, findings: &mut Vec<Finding>) -> Option<Folder> {
    const CHECK: &str = "store.folder";
    let path = settings.path.display();
    let folder = match Folder::find(&settings.path) {
        Ok(folder) => folder,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let advice = "nothing to do for a new service, which makes it; else mount the disk, or mend `store.path`";
            findings.push(Finding::warn(CHECK, format!("{path} is not there"), advice));
            return None;
        }
        Err(error) => {
            let advice = "run this as the service's user, and let that user own the folder";
            findings.push(Finding::fail(CHECK, format!("{path} cannot be entered: {error}"), advice));
            return None;
        }
    };
    let mode = std::fs::metadata(folder.path()).map(|found| found.permissions().mode() & 0o777);
    findings.push(match mode {
        Ok(mode) if mode & OTHERS == 0 => Finding::ok(CHECK, format!("{path}, its owner's alone")),
        Ok(mode) => {
            let advice = format!("chmod 700 {path}");
            Finding::warn(CHECK, format!("{path} has mode {mode:03o}: others than its owner get in"), advice)
        }
        Err(error) => Finding::error(CHECK, &error, "run this as the service's user"),
    });
    Some(folder)
}

/// Who owns it now.
pub(super) fn owner(folder: &Folder, findings: &mut Vec<Finding>) -> Option<String> {
    const CHECK: &str = "store.owner";
    match folder.holder() {
        Ok(None) => {
            findings.push(Finding::ok(CHECK, "nobody: no service runs on it"));
            None
        }
        Ok(Some(holder)) => {
            findings.push(Finding::ok(CHECK, format!("{holder}: a service runs")));
            Some(holder)
        }
        Err(error) => {
            findings.push(Finding::error(CHECK, &error, "run this as the service's user"));
            None
        }
    }
}

/// What the store says of itself.
pub(super) fn told(folder: &Folder, runs: bool, asked: &Asked, findings: &mut Vec<Finding>) -> Option<Told> {
    const CHECK: &str = "store.database";
    if !folder.has_store() {
        findings.push(Finding::ok(CHECK, "none yet: the first start makes it"));
        return None;
    }
    let told = match folder.told() {
        Ok(told) => told,
        Err(error @ LookError::OtherSchema { .. }) => {
            findings.push(Finding::error(CHECK, &error, "start the version that made it"));
            return None;
        }
        Err(error @ LookError::Unreadable(_)) => {
            let advice = "as the service's user; if it is damaged: `docs/backup-and-restore.md`";
            findings.push(Finding::error(CHECK, &error, advice));
            return None;
        }
    };
    findings.push(database(CHECK, &told));
    findings.extend(moved(folder));
    findings.push(closing(&told, runs));
    if !runs && asked.holds(CONTENT) {
        findings.push(content(folder));
    }
    Some(told)
}

fn database(check: &'static str, told: &Told) -> Finding {
    let (schema, _) = told.schema;
    if told.lost_groups > 0 {
        let found = format!("{} groups of commits that were acknowledged are missing", told.lost_groups);
        let advice = "its log was cut or an older copy was put in place: put the files back, or restore a backup into an \
                      empty folder (`docs/backup-and-restore.md`)";
        return Finding::fail(check, found, advice);
    }
    Finding::ok(check, format!("schema {schema}, epoch {:016x}, {} records", told.epoch, told.records))
}

/// Whether another store has taken its place.
fn moved(folder: &Folder) -> Option<Finding> {
    const CHECK: &str = "store.moved";
    const ADVICE: &str = "take it away; if the other store never served: `portcullis store reclaim` (docs/redis.md)";
    match folder.moved_to() {
        Ok(None) => None,
        Ok(Some(epoch)) => {
            let found = format!("all of it was copied into the store of epoch {epoch:016x}: no service starts on it");
            Some(Finding::fail(CHECK, found, ADVICE))
        }
        Err(error) => Some(Finding::error(CHECK, &error, "run this as the service's user")),
    }
}

fn closing(told: &Told, runs: bool) -> Finding {
    const CHECK: &str = "store.closed";
    match (runs, told.clean) {
        (true, _) => Finding::ok(CHECK, "in use"),
        (false, true) => Finding::ok(CHECK, "it was closed in good order"),
        (false, false) => {
            let advice = "find out why in the service's log; the next start checks the files while it serves";
            Finding::warn(CHECK, "the service ended without closing it; nothing acknowledged is lost by that", advice)
        }
    }
}

fn content(folder: &Folder) -> Finding {
    const ADVICE: &str = "keep the files, and restore a backup into an empty folder (`docs/backup-and-restore.md`)";
    match folder.quick_check() {
        Ok(None) => Finding::ok(CONTENT, "every table was looked through"),
        Ok(Some(damage)) => Finding::fail(CONTENT, format!("damaged: {damage}"), ADVICE),
        Err(error) => Finding::error(CONTENT, &error, ADVICE),
    }
}
