//! Files that were cut or changed: a clear refusal or an error, never an account that reads as "not there".

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::world::{DATABASE, LOG, folder, killed, make, open, options, whole};
use crate::store::Store;
use crate::store::embedded::{EmbeddedStore, OpenError};

const ACCOUNTS: u64 = 40;
/// Long enough for any machine to look through a file of a few pages.
const CHECKED_WITHIN: Duration = Duration::from_secs(60);

/// A store that was killed with all its accounts acknowledged.
async fn store() -> tempfile::TempDir {
    let folder = folder();
    let store = open(folder.path());
    make(&store, 0..ACCOUNTS).await.unwrap();
    killed(folder.path())
}

/// Whatever was done to the files: it does not open, or answers wholly, or answers with an error.
async fn nothing_is_missed(path: &Path, what: &str) -> bool {
    let Ok(store) = EmbeddedStore::open(&options(path)) else { return false };
    let mut all = true;
    for number in 0..ACCOUNTS {
        match whole(&store, number).await {
            Ok(whole) => assert!(whole, "{what}: account {number} is not what it was"),
            Err(_) => all = false,
        }
    }
    all
}

#[tokio::test]
async fn a_log_that_was_cut_is_refused() {
    let folder = store().await;
    let length = std::fs::metadata(folder.path().join(LOG)).unwrap().len();
    for cut in [0, 1, 32, 4_096, length / 2, length - 1] {
        let copy = killed(folder.path());
        File::options().write(true).open(copy.path().join(LOG)).unwrap().set_len(cut).unwrap();
        let refused = EmbeddedStore::open(&options(copy.path())).err();
        assert!(matches!(refused, Some(OpenError::LostCommits { .. })), "cut to {cut}: {refused:?}");
    }
    let copy = killed(folder.path());
    std::fs::remove_file(copy.path().join(LOG)).unwrap();
    assert!(EmbeddedStore::open(&options(copy.path())).is_err(), "without its log");
    assert!(nothing_is_missed(folder.path(), "uncut").await);
}

#[tokio::test]
async fn an_older_copy_is_refused() {
    let folder = folder();
    let store = open(folder.path());
    make(&store, 0..10).await.unwrap();
    let older = killed(folder.path());
    make(&store, 10..20).await.unwrap();
    let newer = killed(folder.path());
    for file in [DATABASE, LOG] {
        std::fs::copy(older.path().join(file), newer.path().join(file)).unwrap();
    }
    match EmbeddedStore::open(&options(newer.path())) {
        Err(OpenError::LostCommits { groups: 10 }) => {}
        other => panic!("{:?}", other.err()),
    }
}

#[tokio::test]
async fn a_log_that_was_changed_loses_nothing_silently() {
    let folder = store().await;
    let length = std::fs::metadata(folder.path().join(LOG)).unwrap().len();
    for place in (0..length).step_by(9_973) {
        let copy = killed(folder.path());
        let log = File::options().read(true).write(true).open(copy.path().join(LOG)).unwrap();
        flip(&log, place);
        nothing_is_missed(copy.path(), &format!("byte {place} of the log")).await;
    }
}

#[tokio::test]
async fn a_database_that_was_changed_answers_with_errors() {
    let folder = folder();
    let store = open(folder.path());
    make(&store, 0..ACCOUNTS).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let length = std::fs::metadata(folder.path().join(DATABASE)).unwrap().len();
    for page in 0..length / 4_096 {
        let copy = killed(folder.path());
        let database = File::options().write(true).open(copy.path().join(DATABASE)).unwrap();
        database.write_all_at(&[0xa5; 4_096], page * 4_096).unwrap();
        nothing_is_missed(copy.path(), &format!("page {page}")).await;
    }
}

#[tokio::test]
async fn damage_that_nobody_asked_for_is_found_after_a_kill() {
    let folder = folder();
    let store = open(folder.path());
    make(&store, 0..ACCOUNTS).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    // Opened and killed: the log is empty, and the store was not closed.
    let killed = {
        let _store = open(folder.path());
        killed(folder.path())
    };
    let db = Connection::open(killed.path().join(DATABASE)).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'permits'";
    let page: u32 = db.query_row(sql, [], |row| row.get(0)).unwrap();
    drop(db);
    // Its cells no longer lie where its header says.
    let database = File::options().write(true).open(killed.path().join(DATABASE)).unwrap();
    database.write_all_at(&[13, 0, 0, 0xff, 0xff, 0, 0, 0], u64::from(page - 1) * 4_096).unwrap();
    let store = open(killed.path());
    let opened = Instant::now();
    while store.health().is_ok() {
        assert!(opened.elapsed() < CHECKED_WITHIN, "the damage was not found");
        tokio::task::yield_now().await;
    }
    assert!(whole(&store, 1).await.is_err());
}

fn flip(file: &File, place: u64) {
    let mut byte = [0];
    file.read_exact_at(&mut byte, place).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], place).unwrap();
}
