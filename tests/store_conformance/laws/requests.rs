//! Requests' keys: one request, one decision.

use portcullis::store::{Before, Claim, Commit, CommitError, Load, ROWS_MAX, Reservation, Reserve, Slot, StoreError};

use crate::harness::{Account, Home, all, at, charge, request, row, write};

/// The same key with another digest.
fn other(reserve: Reserve) -> Reserve {
    Reserve { digest: [0xee; 32], ..reserve }
}

pub(crate) async fn another_digest_is_taken_and_told_nothing(home: &impl Home) {
    let (store, account, stranger) = (home.open(), Account::new(home), Account::new(home));
    stranger.put(&*store, Slot::Head, 0, b"head").await.unwrap();
    let (reserved, answered) = (request(1), request(2));
    account.charge(&*store, reserved, &[charge(account.window(), Before::Look)]).await.unwrap();
    let in_memory = request(3);
    account.charge(&*store, in_memory, &[]).await.unwrap();
    account.answer(&*store, answered).await.unwrap();
    for reserve in [reserved, in_memory, answered] {
        for before in [Before::Look, Before::Commit] {
            let window = stranger.window();
            let load = Load {
                slots: vec![Slot::Head],
                reserve: Some(other(reserve)),
                charges: vec![charge(window, before)],
                windows: vec![window],
                ..stranger.load(at(0))
            };
            let loaded = store.load(load).await.unwrap();
            assert_eq!(loaded.reservation, Reservation::Taken);
            assert!(loaded.rows.is_empty() && loaded.windows.is_empty(), "{loaded:?}");
            assert_eq!(stranger.count(&*store, window).await, 0);
        }
    }
}

pub(crate) async fn the_same_digest_may_come_again(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    for before in [Before::Look, Before::Commit] {
        let (reserve, charges) = (request(1), [charge(account.window(), before)]);
        for _ in 0..3 {
            let loaded = account.charge(&*store, reserve, &charges).await.unwrap();
            assert_eq!(loaded.reservation, Reservation::Made);
        }
    }
}

pub(crate) async fn an_answered_request_gives_its_record(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    account.put(&*store, Slot::Head, 0, b"head").await.unwrap();
    for before in [Before::Look, Before::Commit] {
        let (reserve, window) = (request(1), account.window());
        let record = account.answer(&*store, reserve).await.unwrap();
        let load = Load {
            slots: vec![Slot::Head],
            reserve: Some(reserve),
            charges: vec![charge(window, before)],
            ..account.load(at(0))
        };
        let loaded = store.load(load).await.unwrap();
        assert_eq!(loaded.reservation, Reservation::Answered(record));
        assert_eq!(loaded.rows, [row(1, b"head")]);
        assert_eq!(loaded.windows.len(), 1);
        assert_eq!(account.count(&*store, window).await, 0, "a replay charges nothing");
    }
}

pub(crate) async fn a_key_is_claimed_once(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let (reserve, second) = (request(1), account.record(at(0), b""));
    let record = account.answer(&*store, reserve).await.unwrap();
    let claim = |reserve| Commit {
        writes: vec![write(Slot::Head, 0, b"x")],
        records: vec![second.clone()],
        claim: Some(Claim { reserve, record: second.id }),
        due: vec![account.due(1)],
        ..account.commit(at(0))
    };
    let refused = store.commit(claim(reserve)).await;
    assert!(matches!(refused, Err(CommitError::Answered(known)) if known == record), "{refused:?}");
    let refused = store.commit(claim(other(reserve))).await;
    assert!(matches!(refused, Err(CommitError::Taken)), "{refused:?}");
    assert_eq!(account.get(&*store, Slot::Head).await, None);
    assert_eq!(store.record(second.id).await.unwrap(), None);
    assert!(store.due(at(1), ROWS_MAX).await.unwrap().iter().all(|due| due.account != account.token));
    // A key reserved on the disk belongs to its digest, too.
    let reserved = request(2);
    account.charge(&*store, reserved, &[charge(account.window(), Before::Look)]).await.unwrap();
    assert!(matches!(store.commit(claim(other(reserved))).await, Err(CommitError::Taken)));
    store.commit(claim(reserved)).await.unwrap();
}

/// Whoever lost the answer of a commit and tries it again is told the answer, not that the rows have moved on.
pub(crate) async fn a_claim_comes_before_every_other_refusal(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let (reserve, record) = (request(1), account.record(at(10), b""));
    let commit = Commit {
        writes: vec![write(Slot::Head, 0, b"x")],
        claim: Some(Claim { reserve, record: record.id }),
        records: vec![record.clone()],
        ..account.commit(at(10))
    };
    store.commit(commit.clone()).await.unwrap();
    assert!(matches!(store.commit(commit.clone()).await, Err(CommitError::Answered(known)) if known == record.id));
    let behind = Commit { now: at(0), ..commit };
    assert!(matches!(store.commit(behind.clone()).await, Err(CommitError::Answered(_))));
    let unclaimed = Commit { claim: None, ..behind };
    assert!(matches!(store.commit(unclaimed).await, Err(CommitError::Store(StoreError::ClockBehind))));
}

pub(crate) async fn one_of_many_claims_wins(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let reserve = request(1);
    let outcomes = all((0..64).map(|_| account.answer(&*store, reserve))).await;
    let won: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    assert_eq!(won.len(), 1);
    for outcome in &outcomes {
        match outcome {
            Ok(_) => {}
            Err(CommitError::Answered(record)) => assert_eq!(record, won[0]),
            Err(error) => panic!("{error:?}"),
        }
    }
}

pub(crate) async fn a_reservation_with_a_look_lasts(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let (reserve, charges) = (request(1), [charge(account.window(), Before::Look)]);
    account.charge(&*store, reserve, &charges).await.unwrap();
    drop(store);
    let store = home.open();
    assert_eq!(account.charge(&*store, other(reserve), &charges).await.unwrap().reservation, Reservation::Taken);
    assert_eq!(account.charge(&*store, other(reserve), &[]).await.unwrap().reservation, Reservation::Taken);
    assert_eq!(account.charge(&*store, reserve, &[]).await.unwrap().reservation, Reservation::Made);
    let record = account.answer(&*store, reserve).await.unwrap();
    drop(store);
    let loaded = account.charge(&*home.open(), reserve, &charges).await.unwrap();
    assert_eq!(loaded.reservation, Reservation::Answered(record));
}
