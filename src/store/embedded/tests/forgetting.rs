//! What is old is forgotten, and nothing that is not.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

use super::world::{DATABASE, account, at, folder, open, options, record, token};
use crate::crypto::Partition;
use crate::store::embedded::{EmbeddedStore, OpenOptions};
use crate::store::{Before, Charge, ChargeWindows, Commit, CommitError, REQUEST_KEPT, Store, WINDOW_KEPT, WindowKey};

/// Groups enough for every turn of the housekeeping to come often.
const GROUPS: u64 = 200;

fn count(store: &std::path::Path, sql: &str) -> i64 {
    let db = Connection::open(store.join(DATABASE)).unwrap();
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Commits of other accounts, so that time passes.
async fn pass(store: &EmbeddedStore, from: u64, now: DateTime<Utc>) {
    for number in from..from + GROUPS {
        store.commit(Commit { claim: None, ..account(number, now) }).await.unwrap();
    }
}

fn window(number: u64) -> WindowKey {
    WindowKey { partition: Partition::new(1).unwrap(), token: token(number) }
}

async fn charge(store: &EmbeddedStore, number: u64, attempt: u64, now: DateTime<Utc>) -> usize {
    let charge = Charge { window: window(number), subject: token(1), cap: 9, kept: WINDOW_KEPT, before: Before::Look };
    let charge = ChargeWindows { charges: vec![charge], reads: Vec::new(), attempt: token(attempt), now };
    store.charge(charge).await.unwrap()[0].events.len()
}

#[tokio::test]
async fn requests_are_kept_for_their_time_and_then_forgotten() {
    let folder = folder();
    let often = OpenOptions { fresh_names: 1, ..options(folder.path()) };
    let store = EmbeddedStore::open(&often).unwrap();
    for number in 0..100 {
        store.commit(account(number, at(0))).await.unwrap();
    }
    pass(&store, 1_000, at(0) + REQUEST_KEPT).await;
    let again = Commit { now: at(0) + REQUEST_KEPT, ..account(7, at(0)) };
    let refused = store.commit(again).await;
    assert!(matches!(refused, Err(CommitError::Answered(known)) if known == record(7)), "{refused:?}");
    assert_eq!(count(folder.path(), "SELECT count(*) FROM requests"), 100);
    pass(&store, 2_000, at(60) + REQUEST_KEPT).await;
    assert_eq!(count(folder.path(), "SELECT count(*) FROM requests"), 0);
}

#[tokio::test]
async fn names_leave_the_log_once_they_are_merged() {
    let folder = folder();
    let often = OpenOptions { fresh_names: 64, ..options(folder.path()) };
    let store = EmbeddedStore::open(&often).unwrap();
    for number in 0..400 {
        store.commit(account(number, at(0))).await.unwrap();
    }
    let (log, merged) = ("SELECT count(*) FROM fresh", "SELECT count(*) FROM requests");
    assert!(count(folder.path(), log) < 100, "{} entries", count(folder.path(), log));
    assert!(count(folder.path(), merged) > 300, "{} merged", count(folder.path(), merged));
}

#[tokio::test]
async fn windows_are_kept_for_their_time_and_then_forgotten() {
    let folder = folder();
    let mut store = open(folder.path());
    charge(&store, 1, 1, at(0)).await;
    pass(&store, 1_000, at(0) + WINDOW_KEPT).await;
    assert_eq!(charge(&store, 1, 1, at(0) + WINDOW_KEPT).await, 1, "the same attempt, still counted");
    pass(&store, 2_000, at(61) + WINDOW_KEPT).await;
    for _ in 0..2 {
        assert_eq!(charge(&store, 1, 2, at(62) + WINDOW_KEPT).await, 1, "only the new one");
        drop(store);
        store = open(folder.path());
    }
    assert_eq!(count(folder.path(), "SELECT count(*) FROM journal"), 1);
}

#[tokio::test]
async fn the_journal_stays_short_however_often_a_window_is_charged() {
    let folder = folder();
    let mut store = open(folder.path());
    charge(&store, 1, 1, at(0)).await;
    for attempt in 2..12_000_u64 {
        let charge = Charge { window: window(2), subject: token(1), cap: 3, kept: WINDOW_KEPT, before: Before::Commit };
        let now = at(1) + TimeDelta::nanoseconds(attempt.cast_signed());
        let charge = ChargeWindows { charges: vec![charge], reads: Vec::new(), attempt: token(attempt), now };
        store.charge(charge).await.unwrap();
    }
    pass(&store, 1_000, at(2)).await;
    let entries = count(folder.path(), "SELECT count(*) FROM journal");
    assert!(entries < 6_000, "{entries} entries");
    for _ in 0..2 {
        assert_eq!(charge(&store, 1, 1, at(2)).await, 1, "the oldest event of all is still there");
        assert_eq!(charge(&store, 2, 11_999, at(2)).await, 3);
        drop(store);
        store = open(folder.path());
    }
}
