//! What opening refuses, and how it says so.

use rusqlite::Connection;

use super::world::{DATABASE, LOG, account, at, folder, killed, make, open, options, token, whole};
use crate::store::embedded::{Durability, EmbeddedStore, OpenError, OpenOptions};
use crate::store::{CommitError, Store, StoreError, Urgency};

fn refusal(options: &OpenOptions) -> OpenError {
    EmbeddedStore::open(options).err().unwrap()
}

#[test]
fn one_process_owns_the_folder() {
    let folder = folder();
    let store = open(folder.path());
    let told = refusal(&options(folder.path())).to_string();
    assert_eq!(told, format!("the store's folder is in use by process {}: stop it first", std::process::id()));
    drop(store);
    open(folder.path());
}

#[test]
fn another_keyring_is_refused() {
    let folder = folder();
    drop(open(folder.path()));
    let keyring = |keys: &[(&str, u64)]| {
        let key_marks = keys.iter().map(|(name, number)| ((*name).to_owned(), token(*number))).collect();
        OpenOptions { key_marks, ..options(folder.path()) }
    };
    assert!(matches!(refusal(&keyring(&[("index 1", 1)])), OpenError::OtherKeyring));
    let store = EmbeddedStore::open(&keyring(&[("index 1", 0), ("seal 1", 5)])).unwrap();
    drop(store);
    let named = |name: &str| name == "seal 1";
    assert!(matches!(refusal(&keyring(&[("index 1", 0)])), OpenError::MissingKey { name } if named(&name)));
    let foreign = keyring(&[("index 1", 0), ("seal 1", 6)]);
    assert!(matches!(refusal(&foreign), OpenError::OtherKey { name } if named(&name)));
    drop(EmbeddedStore::open(&keyring(&[("seal 2", 7), ("index 1", 0), ("seal 1", 5)])).unwrap());
}

#[test]
fn a_store_of_another_version_is_refused() {
    let folder = folder();
    drop(open(folder.path()));
    let db = Connection::open(folder.path().join(DATABASE)).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    assert!(matches!(refusal(&options(folder.path())), OpenError::OtherSchema { found: 99, .. }));
}

#[test]
fn what_is_not_a_store_is_refused() {
    let folder = folder();
    let path = folder.path().join(DATABASE);
    std::fs::write(&path, [7; 8_192]).unwrap();
    assert!(matches!(refusal(&options(folder.path())), OpenError::Damaged(_)));
    std::fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (x)").unwrap();
    assert!(matches!(refusal(&options(folder.path())), OpenError::Damaged(_)));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(matches!(refusal(&options(folder.path())), OpenError::Database(_)));
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    for path in ["/proc/portcullis", "/dev/null/portcullis"] {
        let told = refusal(&options(path.as_ref())).to_string();
        assert_eq!(told, "cannot make the store's folder");
    }
}

#[test]
fn durability_is_lowered_only_in_words() {
    let folder = folder();
    for words in ["", "yes", "true"] {
        let lowered = Durability::LoseLastCommits(words.to_owned());
        let refused = refusal(&OpenOptions { durability: lowered, ..options(folder.path()) });
        assert!(matches!(refused, OpenError::Durability));
    }
    let lowered = Durability::LoseLastCommits(Durability::ACCEPT_LOSS.to_owned());
    EmbeddedStore::open(&OpenOptions { durability: lowered, ..options(folder.path()) }).unwrap();
}

#[tokio::test]
async fn below_the_disk_reserve_only_protection_passes() {
    let folder = folder();
    let reserved = OpenOptions { disk_reserve_bytes: u64::MAX, ..options(folder.path()) };
    let store = EmbeddedStore::open(&reserved).unwrap();
    let ordinary = account(1, at(0));
    let protective = crate::store::Commit { urgency: Urgency::Protective, ..ordinary.clone() };
    let refused = store.commit(ordinary).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::DiskReserve))), "{refused:?}");
    store.commit(protective).await.unwrap();
    store.health().expect("it still serves");
}

#[tokio::test]
async fn what_is_closed_leaves_no_log_and_answers_no_more() {
    let folder = folder();
    let store = open(folder.path());
    make(&store, 0..20).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(std::fs::metadata(folder.path().join(LOG)).unwrap().len(), 0);
    assert!(matches!(make(&store, 20..21).await, Err(CommitError::Store(StoreError::Unavailable(_)))));
    assert!(matches!(whole(&store, 1).await, Err(StoreError::Unavailable(_))));
    assert!(store.close().await.is_err());
    drop(store);
    assert!(whole(&open(folder.path()), 1).await.unwrap());
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = folder();
    let store = open(folder.path());
    for number in 0..30 {
        make(&store, number..number + 1).await.unwrap();
        let copy = killed(folder.path());
        let again = open(copy.path());
        for number in [0, number / 2, number] {
            assert!(whole(&again, number).await.unwrap(), "account {number}");
        }
    }
}
