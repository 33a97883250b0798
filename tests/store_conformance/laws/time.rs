//! Time is an argument: the clock's law, what falls due, leases.

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::crypto::Token;
use portcullis::store::{
    CLOCK_BEHIND_MAX, Commit, CommitError, DueEntry, Fence, LeaseRequest, ROWS_MAX, Slot, Store, StoreError,
};

use crate::harness::{Account, Home, at, fresh, row, write};

pub(crate) async fn a_clock_behind_is_refused(home: &impl Home) {
    let (mut store, account) = (home.open(), Account::new(home));
    let highest = at(100) + TimeDelta::nanoseconds(1);
    let commit = |now, expect| Commit { writes: vec![write(Slot::Head, expect, b"")], ..account.commit(now) };
    store.commit(commit(highest, 0)).await.unwrap();
    for _ in 0..2 {
        let refused = store.commit(commit(highest - CLOCK_BEHIND_MAX - TimeDelta::nanoseconds(1), 1)).await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::ClockBehind))), "{refused:?}");
        assert_eq!(account.get(&*store, Slot::Head).await, row(1, b""));
        drop(store);
        store = home.open();
    }
    store.commit(commit(highest - CLOCK_BEHIND_MAX, 1)).await.unwrap();
    let other = Account::new(home);
    let later = Commit { writes: vec![write(Slot::Head, 0, b"")], ..other.commit(highest) };
    store.commit(later).await.expect("the highest instant never goes back");
    let refused = store.commit(commit(highest - CLOCK_BEHIND_MAX - TimeDelta::nanoseconds(1), 2)).await;
    assert!(refused.is_err());
}

/// The account's entries among all that are due.
async fn due_of(store: &dyn Store, account: &Account<'_>, until: DateTime<Utc>) -> Vec<DueEntry> {
    let due = store.due(until, ROWS_MAX).await.unwrap();
    due.into_iter().filter(|due| due.account == account.token).collect()
}

pub(crate) async fn due_entries_come_in_order(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let line = |seconds| DueEntry { line: Some(fresh()), ..account.due(seconds) };
    let (early, late) = (vec![account.due(40), line(10), account.due(30)], vec![line(20), account.due(10)]);
    for due in [early.clone(), late.clone(), early.clone()] {
        store.commit(Commit { due, ..account.commit(at(0)) }).await.unwrap();
    }
    let mut expected = [early, late].concat();
    expected.sort_unstable();
    assert_eq!(due_of(&*store, &account, at(40)).await, expected, "an entry made twice is one");
    let until = at(30) - TimeDelta::nanoseconds(1);
    let by_then: Vec<_> = expected.iter().filter(|due| due.at <= until).copied().collect();
    assert_eq!(due_of(&*store, &account, until).await, by_then);
    assert_eq!(due_of(&*store, &account, at(10)).await.len(), 2, "up to and including");
    for limit in 0..4 {
        let first = store.due(at(1_000), limit).await.unwrap();
        assert_eq!(first.len(), limit);
        assert!(first.is_sorted());
    }
}

pub(crate) async fn due_entries_acted_on_are_gone(home: &impl Home) {
    let (mut store, account) = (home.open(), Account::new(home));
    let entries: Vec<DueEntry> = (0..4).map(|second| account.due(second)).collect();
    let never = account.due(99);
    store.commit(Commit { due: entries.clone(), ..account.commit(at(0)) }).await.unwrap();
    let done = vec![entries[0], entries[2], never];
    let conflict = Commit { done: done.clone(), writes: vec![write(Slot::Head, 5, b"")], ..account.commit(at(0)) };
    assert!(store.commit(conflict).await.is_err());
    assert_eq!(due_of(&*store, &account, at(99)).await, entries);
    // What is done and made again in one commit stays.
    let again = vec![entries[2]];
    store.commit(Commit { done, due: again, ..account.commit(at(0)) }).await.unwrap();
    for _ in 0..2 {
        assert_eq!(due_of(&*store, &account, at(99)).await, entries[1..]);
        drop(store);
        store = home.open();
    }
}

fn wish(name: &str, holder: Token, now: i64, until: i64) -> LeaseRequest {
    LeaseRequest { name: name.to_owned(), holder, now: at(now), until: at(until) }
}

pub(crate) async fn a_lease_has_one_holder(home: &impl Home) {
    let store = home.open();
    let (one, two) = (fresh(), fresh());
    let (name, other) = (format!("{one:?}"), format!("{two:?}"));
    let fence = store.lease(wish(&name, one, 0, 10)).await.unwrap().unwrap();
    assert_eq!(store.lease(wish(&name, two, 9, 20)).await.unwrap(), None);
    assert_eq!(store.lease(wish(&name, one, 9, 30)).await.unwrap(), Some(fence), "who renews keeps their number");
    assert_eq!(store.lease(wish(&name, two, 29, 40)).await.unwrap(), None);
    assert!(store.lease(wish(&other, two, 0, 10)).await.unwrap().is_some(), "another lease is another's");
    let taken = store.lease(wish(&name, two, 30, 40)).await.unwrap();
    assert!(taken > Some(fence), "{taken:?}");
    assert_eq!(store.lease(wish(&name, one, 31, 40)).await.unwrap(), None);
}

pub(crate) async fn fencing_numbers_never_go_back(home: &impl Home) {
    let mut store = home.open();
    let name = format!("{:?}", fresh());
    let mut last: Option<Fence> = None;
    for turn in 0..6 {
        let fence = store.lease(wish(&name, fresh(), turn * 10, turn * 10 + 10)).await.unwrap();
        assert!(fence > last, "{fence:?} after {last:?}");
        last = fence;
        drop(store);
        store = home.open();
    }
}
