//! Writes that fail while the store serves.

use rusqlite::Connection;

use super::world::{folder, make, open, whole};
use crate::store::{CommitError, Store, StoreError};

/// A disk that is full from the next page on.
fn fill(db: &Connection) {
    let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let _: i64 = db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get(0)).unwrap();
}

#[tokio::test]
async fn a_full_disk_ends_service_and_loses_nothing() {
    let folder = folder();
    let store = open(folder.path());
    make(&store, 0..10).await.unwrap();
    store.tamper(fill).await;
    let mut made = 10;
    let error = loop {
        match make(&store, made..made + 1).await {
            Ok(()) => made += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CommitError::Store(StoreError::Unavailable(_))), "{error:?}");
    assert!(store.health().is_err());
    assert!(whole(&store, 1).await.is_err(), "nothing is answered any more");
    drop(store);
    let store = open(folder.path());
    for number in 0..made {
        assert!(whole(&store, number).await.unwrap(), "account {number}");
    }
    make(&store, made..made + 1).await.unwrap();
}

#[tokio::test]
async fn a_table_that_is_gone_ends_service() {
    let folder = folder();
    let store = open(folder.path());
    make(&store, 0..3).await.unwrap();
    store.tamper(|db| db.execute_batch("DROP TABLE permits; DROP TABLE records").unwrap()).await;
    assert!(make(&store, 3..4).await.is_err());
    assert!(store.health().is_err());
}

#[tokio::test]
async fn whoever_asks_and_goes_away_is_no_harm() {
    let folder = folder();
    let store = open(folder.path());
    for number in 0..50 {
        let asked = tokio::time::timeout(std::time::Duration::ZERO, make(&store, number..number + 1)).await;
        drop(asked);
    }
    make(&store, 50..60).await.unwrap();
    store.health().unwrap();
}
