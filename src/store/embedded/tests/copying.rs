//! Copies, and what is told of a store from outside.

use chrono::TimeDelta;

use super::world::{DATABASE, LOG, account, at, folder, make, open, options, reserve, token, whole};
use crate::store::KeyFault;
use crate::store::embedded::backup::{BackupError, back_up, restore};
use crate::store::embedded::look::Folder;
use crate::store::embedded::{EmbeddedStore, OpenError};
use crate::store::{Load, NewRecord, Slot, Store as _, StoreError, Write};

/// The keys of the tests' stores.
fn marks() -> Vec<(String, crate::crypto::Token)> {
    vec![("index 1".to_owned(), token(0))]
}

fn load(number: u64, slot: Slot, at_least: Option<crate::store::Position>) -> Load {
    Load {
        account: token(number),
        slots: vec![slot],
        reserve: None,
        charges: vec![],
        windows: vec![],
        now: at(0),
        at_least,
    }
}

#[tokio::test]
async fn a_copy_is_one_instant_of_a_store_in_use() {
    let (home, copy, other) = (folder(), folder(), folder());
    let store = open(home.path());
    make(&store, 0..50).await.unwrap();
    let file = copy.path().join("copy");
    let looked = Folder::find(home.path()).unwrap();
    let copied = back_up(&looked, &file).unwrap();
    assert_eq!((copied.epoch, copied.keys), (7, vec!["index 1".to_owned()]));
    make(&store, 50..60).await.unwrap();
    restore(&file, other.path(), &marks(), 8).unwrap();
    let restored = EmbeddedStore::open(&options(other.path())).unwrap();
    for number in 0..50 {
        assert!(whole(&restored, number).await.unwrap(), "{number}");
    }
    let gone = restored.load(load(50, Slot::Head, None)).await.unwrap();
    assert_eq!(gone.rows, [None]);
}

/// INVARIANT (permit-once), and positions of the old epoch.
#[tokio::test]
async fn a_restored_store_is_another_one_and_holds_no_permit() {
    let (home, copy, other) = (folder(), folder(), folder());
    let store = open(home.path());
    let permit = Slot::Permit(super::world::record(9));
    let mut granting = account(1, at(0));
    granting.writes.push(Write { slot: permit, expect: 0, body: Some(b"permit".to_vec()) });
    let position = store.commit(granting).await.unwrap();
    let file = copy.path().join("copy");
    back_up(&Folder::find(home.path()).unwrap(), &file).unwrap();
    let (_, voided) = restore(&file, other.path(), &marks(), 8).unwrap();
    assert_eq!(voided, 1);
    let restored = open(other.path());
    assert_eq!(restored.load(load(1, permit, None)).await.unwrap().rows, [None]);
    let behind = restored.load(load(1, Slot::Head, Some(position))).await;
    assert!(matches!(behind, Err(StoreError::Behind)));
    assert!(store.load(load(1, permit, Some(position))).await.unwrap().rows[0].is_some());
}

#[tokio::test]
async fn a_store_is_never_overwritten_and_half_a_copy_never_stays() {
    let (home, copy, other) = (folder(), folder(), folder());
    let store = open(home.path());
    make(&store, 0..3).await.unwrap();
    let (looked, file) = (Folder::find(home.path()).unwrap(), copy.path().join("copy"));
    back_up(&looked, &file).unwrap();
    assert!(matches!(back_up(&looked, &file), Err(BackupError::Io { action: "make", .. })));
    drop(store);
    assert!(matches!(restore(&file, home.path(), &marks(), 8), Err(BackupError::Occupied(_))));
    let foreign = [("index 1".to_owned(), token(1))];
    let refused = restore(&file, other.path(), &foreign, 8);
    assert!(matches!(refused, Err(BackupError::Keys(KeyFault::OtherKeyring))));
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[4_096..4_200].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
    assert!(matches!(restore(&file, other.path(), &marks(), 8), Err(BackupError::Damaged(_))));
    let left: Vec<_> = std::fs::read_dir(other.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"], "the folder was empty but for its lock");
    assert!(home.path().join(DATABASE).exists());
}

/// What one of a store's files is left of is not nothing: its log may hold commits that were acknowledged.
#[tokio::test]
async fn a_folder_with_anything_of_a_store_or_in_use_is_left_alone() {
    let (home, copy) = (folder(), folder());
    let store = open(home.path());
    make(&store, 0..3).await.unwrap();
    let file = copy.path().join("copy");
    back_up(&Folder::find(home.path()).unwrap(), &file).unwrap();
    for left in [DATABASE, LOG, "acknowledged"] {
        let other = folder();
        std::fs::write(other.path().join(left), "left").unwrap();
        let refused = restore(&file, other.path(), &marks(), 8);
        assert!(matches!(refused, Err(BackupError::Occupied(_))), "{left}: {refused:?}");
        assert_eq!(std::fs::read(other.path().join(left)).unwrap(), b"left");
    }
    let refused = restore(&file, home.path(), &marks(), 8);
    assert!(matches!(refused, Err(BackupError::Folder(OpenError::InUse { .. }))), "{refused:?}");
}

#[tokio::test]
async fn what_is_of_another_version_is_neither_copied_nor_put_back() {
    let (home, copy, other) = (folder(), folder(), folder());
    let store = open(home.path());
    make(&store, 0..3).await.unwrap();
    drop(store);
    let (looked, file) = (Folder::find(home.path()).unwrap(), copy.path().join("copy"));
    back_up(&looked, &file).unwrap();
    let newer = |path: &std::path::Path| {
        rusqlite::Connection::open(path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    };
    newer(&file);
    let refused = restore(&file, other.path(), &marks(), 8);
    assert!(matches!(refused, Err(BackupError::OtherSchema { found: 99, .. })), "{refused:?}");
    newer(&home.path().join(DATABASE));
    let again = copy.path().join("again");
    let refused = back_up(&looked, &again);
    assert!(matches!(refused, Err(BackupError::OtherSchema { found: 99, .. })), "{refused:?}");
    assert!(!again.exists(), "half a copy");
}

#[tokio::test]
async fn a_restored_store_is_its_owners_alone_and_checks_itself() {
    use std::os::unix::fs::PermissionsExt as _;
    let (home, copy, other) = (folder(), folder(), folder());
    let store = open(home.path());
    make(&store, 0..3).await.unwrap();
    let file = copy.path().join("copy");
    back_up(&Folder::find(home.path()).unwrap(), &file).unwrap();
    restore(&file, other.path(), &marks(), 8).unwrap();
    for path in [&file, &other.path().join(DATABASE)] {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    // Not closed in good order: the first start looks through its files.
    assert!(!Folder::find(other.path()).unwrap().told().unwrap().clean);
}

#[tokio::test]
async fn a_store_tells_how_fast_it_grows_once_there_is_enough_to_tell() {
    let home = folder();
    let store = open(home.path());
    make(&store, 0..10).await.unwrap();
    let looked = Folder::find(home.path()).unwrap();
    let told = looked.told().unwrap();
    assert_eq!((told.records, told.growth_bytes_a_day, told.clean, told.lost_groups), (10, None, false, 0));
    assert_eq!(told.highest, Some(at(0)));
    // Ten more long after, of which the last three days took five.
    for (number, days) in (10..20).zip([1_i64, 2, 3, 4, 5, 20, 21, 22, 22, 22]) {
        let now = at(0) + TimeDelta::days(days);
        let millis = u128::from(now.timestamp_millis().cast_unsigned());
        let bits = (millis << 80) | (7 << 76) | (0b10 << 62) | u128::from(number);
        let id = crate::domain::RecordId::from_u128(bits);
        let mut commit = account(number, now);
        commit.claim = Some(crate::store::Claim { reserve: reserve(number), record: id });
        commit.records = vec![NewRecord { id, body: vec![1; 300] }];
        store.commit(commit).await.unwrap();
    }
    let told = looked.told().unwrap();
    // Four after the first of these five, over two days.
    assert_eq!(told.growth_bytes_a_day, Some(2 * (told.bytes / 20)));
}
