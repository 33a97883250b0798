//! Reading everything: the journals in order, and the accounts.

use std::collections::{BTreeSet, HashMap};

use portcullis::crypto::Token;
use portcullis::domain::RecordId;
use portcullis::store::{BODY_BYTES_MAX, Commit, Journalled, PAGE_BYTES, ROWS_MAX, Slot, Store, StoreError};

use crate::harness::{Account, Home, all, at, fresh, write};

/// The whole of a journal after a place, page by page.
pub(crate) async fn journal(store: &dyn Store, number: u16, after: u64, limit: usize) -> Vec<Journalled> {
    let (mut found, mut after) = (Vec::new(), after);
    loop {
        let page = store.journal(number, after, limit).await.unwrap();
        assert!(page.len() <= limit, "{} of {limit}", page.len());
        let Some(last) = page.last() else { return found };
        after = last.place;
        found.extend(page);
    }
}

/// Every account, page by page.
pub(crate) async fn accounts(store: &dyn Store, limit: usize) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    loop {
        let page = store.accounts(found.last().copied(), limit).await.unwrap();
        assert!(page.len() <= limit, "{} of {limit}", page.len());
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

fn records<'a>(account: &Account<'_>, bodies: impl IntoIterator<Item = &'a [u8]>) -> Commit {
    let records = bodies.into_iter().map(|body| account.record(at(0), body)).collect();
    Commit { records, ..account.commit(at(0)) }
}

pub(crate) async fn records_come_in_the_order_of_their_commits(home: &impl Home) {
    let mut store = home.open();
    let mut committed: Vec<(RecordId, Token, Vec<u8>)> = Vec::new();
    for round in 0..9_u8 {
        let account = Account::new(home);
        let commit =
            records(&account, [&[round, 1][..], &[round, 2], &[round, 3]].into_iter().take(1 + round as usize % 3));
        committed.extend(commit.records.iter().map(|record| (record.id, account.token, record.body.clone())));
        store.commit(commit).await.unwrap();
        if round % 4 == 3 {
            drop(store);
            store = home.open();
        }
    }
    let mut met = 0;
    for number in 0..store.journals() {
        let found = journal(&*store, number, 0, ROWS_MAX).await;
        assert!(found.is_sorted_by(|one, next| 0 < one.place && one.place < next.place), "{found:?}");
        let own: BTreeSet<Token> = found.iter().map(|entry| entry.account).collect();
        let found: Vec<_> = found.into_iter().map(|entry| (entry.id, entry.account, entry.body)).collect();
        let expected: Vec<_> = committed.iter().filter(|(_, account, _)| own.contains(account)).cloned().collect();
        assert_eq!(found, expected, "journal {number}");
        met += found.len();
    }
    assert_eq!(met, committed.len(), "every record stands in one journal");
}

pub(crate) async fn an_account_stands_in_one_journal(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    for _ in 0..5 {
        store.commit(records(&account, [&b"x"[..]])).await.unwrap();
    }
    let mut holding = 0;
    for number in 0..store.journals() {
        match journal(&*store, number, 0, ROWS_MAX).await.len() {
            0 => {}
            5 => {
                holding += 1;
                assert_eq!(store.journal_of(account.partition()), number);
            }
            some => panic!("{some} records in journal {number}"),
        }
    }
    assert_eq!(holding, 1);
}

pub(crate) async fn a_page_goes_on_where_the_last_ended(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    for body in 0..10_u8 {
        store
            .commit(records(&account, [&[body][..], &[body]].into_iter().take(1 + usize::from(body % 2))))
            .await
            .unwrap();
    }
    let mut holding = 0;
    for number in 0..store.journals() {
        let whole = journal(&*store, number, 0, ROWS_MAX).await;
        for limit in [1, 2, 7] {
            assert_eq!(journal(&*store, number, 0, limit).await, whole, "pages of {limit}");
        }
        for (index, entry) in whole.iter().enumerate() {
            assert_eq!(journal(&*store, number, entry.place, 4).await, whole[index + 1..]);
        }
        if let Some(last) = whole.last() {
            holding += 1;
            assert_eq!(store.journal(number, last.place, ROWS_MAX).await.unwrap(), []);
            assert_eq!(store.journal(number, 0, 0).await.unwrap().len(), 1, "a page of none would read as the end");
        }
        assert_eq!(store.journal(number, u64::MAX, ROWS_MAX).await.unwrap(), []);
    }
    assert_eq!(holding, 1);
    let refused = store.journal(store.journals(), 0, 1).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    store.health().expect("a wrong question is no harm to the store");
}

pub(crate) async fn a_page_of_long_bodies_ends_early(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let long = vec![7; BODY_BYTES_MAX];
    let enough = 2 * PAGE_BYTES / BODY_BYTES_MAX;
    for _ in 0..enough {
        store.commit(records(&account, [&long[..]])).await.unwrap();
    }
    for number in 0..store.journals() {
        let page = store.journal(number, 0, ROWS_MAX).await.unwrap();
        let bytes: usize = page.iter().map(|entry| entry.body.len()).sum();
        assert!(bytes <= PAGE_BYTES + BODY_BYTES_MAX, "{bytes} on one page");
        let whole = journal(&*store, number, 0, ROWS_MAX).await;
        assert!(page.is_empty() || whole.len() == enough, "and the rest comes on the next ones");
    }
}

pub(crate) async fn no_page_is_longer_than_any_may_be(home: &impl Home) {
    let store = home.open();
    let accounts_made: Vec<_> = (0..ROWS_MAX + 6).map(|_| Account::new(home)).collect();
    // One account with many records, and many with a row.
    let many = vec![&b"x"[..]; ROWS_MAX];
    store.commit(records(&accounts_made[0], many)).await.unwrap();
    let rows = accounts_made.iter().map(|account| account.put(&*store, Slot::Head, 0, b""));
    assert!(all(rows).await.iter().all(Result::is_ok));
    store.commit(records(&accounts_made[0], [&b"x"[..]; 6])).await.unwrap();
    for number in 0..store.journals() {
        let page = store.journal(number, 0, usize::MAX).await.unwrap();
        assert_eq!(page.len(), journal(&*store, number, 0, ROWS_MAX).await.len().min(ROWS_MAX));
    }
    assert_eq!(store.accounts(None, usize::MAX).await.unwrap().len(), ROWS_MAX);
    assert_eq!(store.accounts(None, 0).await.unwrap().len(), 1, "a page of none would read as the end");
}

pub(crate) async fn a_refused_commit_is_in_no_journal(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let conflict = Commit { writes: vec![write(Slot::Head, 3, b"")], ..records(&account, [&b"never"[..]]) };
    store.commit(conflict).await.unwrap_err();
    for number in 0..store.journals() {
        assert_eq!(journal(&*store, number, 0, ROWS_MAX).await, []);
    }
}

/// Whoever has read up to a place misses nothing of what is committed meanwhile, whoever commits it.
pub(crate) async fn who_follows_misses_nothing(home: &impl Home) {
    const WRITERS: usize = 8;
    let store = home.open();
    let mut rings = store.rings();
    let accounts: Vec<_> = (0..WRITERS).map(|_| Account::new(home)).collect();
    let commits: Vec<_> = (0..5).flat_map(|_| accounts.iter().map(|account| records(account, [&b"x"[..]]))).collect();
    let wanted: BTreeSet<RecordId> =
        commits.iter().flat_map(|commit| &commit.records).map(|record| record.id).collect();
    let mut places: HashMap<u16, u64> = HashMap::new();
    let mut met = BTreeSet::new();
    let follow = async {
        while met != wanted {
            // A ring may be lost, and none comes after the last commit: what it told of is there.
            let _hint = rings.recv().await;
            for number in 0..store.journals() {
                let after = places.entry(number).or_default();
                for entry in journal(&*store, number, *after, 3).await {
                    *after = entry.place;
                    assert!(met.insert(entry.id), "{entry:?} came twice");
                }
            }
        }
    };
    let write = all(commits.into_iter().map(|commit| store.commit(commit)));
    let ((), outcomes) = tokio::join!(follow, write);
    assert!(outcomes.iter().all(Result::is_ok));
}

/// Whoever hears a ring reads at once what it told of.
pub(crate) async fn what_a_ring_told_of_is_there(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let mut rings = store.rings();
    let mut places = vec![0; usize::from(store.journals())];
    for round in 0..20_u8 {
        let heard = async {
            assert_eq!(rings.recv().await.unwrap(), account.partition());
            let mut found = 0;
            for (number, place) in (0..).zip(&mut places) {
                let page = store.journal(number, *place, ROWS_MAX).await.unwrap();
                *place = page.last().map_or(*place, |entry| entry.place);
                found += page.len();
            }
            assert_eq!(found, 1, "in round {round}");
        };
        let (committed, ()) = tokio::join!(store.commit(records(&account, [&[round][..]])), heard);
        committed.unwrap();
    }
}

pub(crate) async fn every_account_is_met_once(home: &impl Home) {
    let mut store = home.open();
    let first = u128::from_be_bytes(*fresh().as_bytes()) & !0xff;
    // Some share their first bits, so that they stand in one bucket.
    let alike = (0..6_u128).rev().map(|last| Token::from_bytes((first | last).to_be_bytes()));
    let mut made: BTreeSet<Token> = alike.chain((0..12).map(|_| fresh())).collect();
    for token in &made {
        Account::of(home, *token).put(&*store, Slot::Head, 0, b"").await.unwrap();
    }
    for _ in 0..2 {
        for limit in [1, 2, 5, ROWS_MAX] {
            assert!(accounts(&*store, limit).await.iter().eq(&made), "in pages of {limit}");
        }
        drop(store);
        store = home.open();
    }
    // Accounts that come meanwhile take nothing from those that were there.
    let (mut met, mut last) = (BTreeSet::new(), None);
    let before = made.clone();
    while let Some(next) = store.accounts(last, 1).await.unwrap().first().copied() {
        assert!(met.insert(next), "met twice");
        last = Some(next);
        if made.len() < 60 {
            let account = Account::new(home);
            account.put(&*store, Slot::Head, 0, b"").await.unwrap();
            made.insert(account.token);
        }
    }
    assert!(met.is_superset(&before) && met.is_subset(&made));
    let without_rows = Account::new(home);
    store.commit(records(&without_rows, [&b"x"[..]])).await.unwrap();
    assert!(!accounts(&*store, ROWS_MAX).await.contains(&without_rows.token), "a record alone is no account's row");
}
