//! Taking records out that are kept elsewhere: the beginning of a journal, and nothing else.

use portcullis::crypto::Token;
use portcullis::domain::RecordId;
use portcullis::store::{
    ArchivedUpTo, Before, Claim, Commit, Forget, Journalled, Load, NewRecord, ROWS_MAX, Reservation, Slot, Store,
    StoreError,
};

use crate::harness::{Account, Home, at, charge, request, row, write};
use crate::laws::journal::{accounts, journal};

const MANIFEST: [u8; 32] = [7; 32];

fn forget(number: u16, up_to: u64, limit: usize) -> Forget {
    Forget { journal: number, up_to, manifest: MANIFEST, limit }
}

/// Some accounts with records, a second apart, and the journal that the first account's stand in.
async fn filled(home: &impl Home, store: &dyn Store, count: u8) -> (u16, Vec<Token>) {
    let accounts: Vec<_> = (0..3).map(|_| Account::new(home)).collect();
    for number in 0..count {
        let account = &accounts[usize::from(number) % accounts.len()];
        let now = at(i64::from(number));
        store.commit(Commit { records: vec![account.record(now, &[number])], ..account.commit(now) }).await.unwrap();
    }
    let mut holding = 0;
    for number in 0..store.journals() {
        if journal(store, number, 0, ROWS_MAX).await.iter().any(|entry| entry.account == accounts[0].token) {
            holding = number;
        }
    }
    (holding, accounts.iter().map(|account| account.token).collect())
}

async fn is_there(store: &dyn Store, entry: &Journalled) -> bool {
    store.record(entry.id).await.unwrap().is_some()
}

pub(crate) async fn what_is_taken_out_is_the_beginning(home: &impl Home) {
    let mut store = home.open();
    let (number, _) = filled(home, &*store, 9).await;
    let whole = journal(&*store, number, 0, ROWS_MAX).await;
    assert!(whole.len() >= 3, "{whole:?}");
    assert_eq!(store.archived(number).await.unwrap(), None);
    let cut = whole.len() - 1;
    let up_to = whole[cut - 1].place;
    let mut gone = 0;
    while gone < cut {
        let taken = store.forget(forget(number, up_to, 2)).await.unwrap();
        assert_eq!(taken, (cut - gone).min(2), "no more than the limit, and all up to the place");
        gone += taken;
        let last = &whole[gone - 1];
        let told = ArchivedUpTo { place: last.place, at: last.id.minted_at(), manifest: MANIFEST };
        if gone % 4 == 0 {
            drop(store);
            store = home.open();
        }
        assert_eq!(store.archived(number).await.unwrap(), Some(told));
        assert_eq!(journal(&*store, number, 0, ROWS_MAX).await, whole[gone..]);
        for (index, entry) in whole.iter().enumerate() {
            assert_eq!(is_there(&*store, entry).await, index >= gone, "record {index} with {gone} gone");
        }
    }
    assert_eq!(store.forget(forget(number, up_to, 2)).await.unwrap(), 0);
    assert_eq!(journal(&*store, number, 0, ROWS_MAX).await, whole[cut..]);
}

pub(crate) async fn what_is_not_a_record_stays(home: &impl Home) {
    let (mut store, account, key) = (home.open(), Account::new(home), request(1));
    let (due, window) = (account.due(50), account.window());
    let permit = Slot::Permit(account.record_id(at(0)));
    account.charge(&*store, request(2), &[charge(window, Before::Look)]).await.unwrap();
    let commit = Commit {
        writes: vec![write(Slot::Head, 0, b"head"), write(permit, 0, b"permit")],
        records: vec![account.record(at(0), b"answer")],
        due: vec![due],
        ..account.commit(at(0))
    };
    let answer = commit.records[0].id;
    let commit = Commit { claim: Some(Claim { reserve: key, record: answer }), ..commit };
    let before = store.commit(commit).await.unwrap();
    let mut gone = 0;
    for number in 0..store.journals() {
        gone += store.forget(forget(number, u64::MAX, ROWS_MAX)).await.unwrap();
    }
    assert_eq!(gone, 1);
    for _ in 0..2 {
        assert!(store.record(answer).await.unwrap().is_none());
        let load = Load { slots: vec![Slot::Head, permit], reserve: Some(key), ..account.load(at(1)) };
        let loaded = store.load(load).await.unwrap();
        assert_eq!(loaded.reservation, Reservation::Answered(answer), "the answer's name is known, though it is gone");
        assert_eq!(loaded.rows, [row(1, b"head"), row(1, b"permit")]);
        assert_eq!(account.count(&*store, window).await, 1);
        assert_eq!(accounts(&*store, ROWS_MAX).await, [account.token]);
        assert_eq!(store.due(at(50), 10).await.unwrap(), [due]);
        drop(store);
        store = home.open();
    }
    let after = store.commit(Commit { records: vec![account.record(at(2), b"next")], ..account.commit(at(2)) }).await;
    assert!(after.unwrap().seq > before.seq, "places are never given again");
}

/// Ids are of the instant of their commit, and clocks of two engines differ a little: the newest tells.
pub(crate) async fn the_newest_of_what_is_gone_is_told(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let made: Vec<RecordId> = [3, 5, 4].map(|seconds| account.record_id(at(seconds))).to_vec();
    for id in &made {
        let record = NewRecord { id: *id, body: b"body".to_vec() };
        store.commit(Commit { records: vec![record], ..account.commit(at(5)) }).await.unwrap();
    }
    for number in 0..store.journals() {
        let places: Vec<u64> = journal(&*store, number, 0, ROWS_MAX).await.iter().map(|entry| entry.place).collect();
        for (place, newest) in places.iter().zip([3, 5, 5]) {
            assert_eq!(store.forget(forget(number, *place, 1)).await.unwrap(), 1);
            assert_eq!(store.archived(number).await.unwrap().map(|told| told.at), Some(at(newest)));
        }
    }
}

pub(crate) async fn wrong_questions_take_nothing_out(home: &impl Home) {
    let store = home.open();
    let (number, _) = filled(home, &*store, 4).await;
    let whole = journal(&*store, number, 0, ROWS_MAX).await;
    let nowhere = store.journals();
    for wrong in [forget(number, 1, 0), forget(number, 1, ROWS_MAX + 1), forget(nowhere, 1, 1)] {
        let refused = store.forget(wrong).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    }
    assert!(matches!(store.archived(nowhere).await, Err(StoreError::Refused(_))));
    assert_eq!(store.forget(forget(number, whole[0].place - 1, 9)).await.unwrap(), 0);
    assert_eq!(store.archived(number).await.unwrap(), None);
    assert_eq!(journal(&*store, number, 0, ROWS_MAX).await, whole);
    store.health().expect("a wrong question is no harm to the store");
}

pub(crate) async fn the_life_of_a_store_is_told(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let position = store.commit(account.commit(at(0))).await.unwrap();
    assert_eq!(position.epoch, store.epoch());
    drop(store);
    assert_eq!(home.open().epoch(), position.epoch);
}
