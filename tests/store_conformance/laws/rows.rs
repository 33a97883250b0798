//! Rows: versions, atomic writes, names that share a key.

use chrono::TimeDelta;
use portcullis::crypto::Token;
use portcullis::domain::RecordId;
use portcullis::store::{
    BODY_BYTES_MAX, Before, Charge, Claim, Commit, CommitError, DueEntry, IndexEntry, LeaseRequest, Load, Place,
    ROWS_MAX, Slot, StoreError, Write,
};

use crate::harness::{Account, Home, all, at, charge, fresh, request, row, token, write};

pub(crate) async fn version_starts_at_one(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    assert_eq!(account.get(&*store, Slot::Head).await, None);
    account.put(&*store, Slot::Head, 0, b"first").await.unwrap();
    assert_eq!(account.get(&*store, Slot::Head).await, row(1, b"first"));
    account.put(&*store, Slot::Head, 1, b"second").await.unwrap();
    assert_eq!(account.get(&*store, Slot::Head).await, row(2, b"second"));
}

pub(crate) async fn a_write_needs_the_version_it_expects(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    for expect in [1, 2, u64::MAX >> 2] {
        let refused = account.put(&*store, Slot::Head, expect, b"x").await;
        assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    }
    account.put(&*store, Slot::Head, 0, b"first").await.unwrap();
    account.put(&*store, Slot::Head, 1, b"second").await.unwrap();
    for expect in [0, 1, 3] {
        let refused = account.put(&*store, Slot::Head, expect, b"x").await;
        assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    }
    assert_eq!(account.get(&*store, Slot::Head).await, row(2, b"second"));
}

/// Atomic: of a commit whose last row is not as expected, nothing is there.
pub(crate) async fn a_conflict_leaves_nothing(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    account.put(&*store, Slot::Credentials, 0, b"there").await.unwrap();
    let (reserve, record) = (request(1), account.record(at(0), b"record"));
    let id = record.id;
    let before = account.put(&*store, Slot::Line(fresh()), 0, b"").await.unwrap();
    let refused = store
        .commit(Commit {
            writes: vec![write(Slot::Head, 0, b"x"), write(Slot::Credentials, 7, b"x")],
            records: vec![record],
            claim: Some(Claim { reserve, record: id }),
            due: vec![account.due(5)],
            ..account.commit(at(60))
        })
        .await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    assert_eq!(account.get(&*store, Slot::Head).await, None);
    assert_eq!(account.get(&*store, Slot::Credentials).await, row(1, b"there"));
    assert_eq!(store.record(id).await.unwrap(), None);
    let due = store.due(at(1_000), ROWS_MAX).await.unwrap();
    assert!(due.iter().all(|due| due.account != account.token), "{due:?}");
    account.answer(&*store, reserve).await.expect("neither the claim nor the instant was kept");
    let after = account.put(&*store, Slot::Line(fresh()), 0, b"").await.unwrap();
    assert_eq!(after.seq, before.seq + 2, "the answer and this one");
}

pub(crate) async fn a_check_alone_writes_nothing(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let check = |expect| Write { slot: Slot::Head, expect, body: None };
    let commit = |writes| store.commit(Commit { writes, ..account.commit(at(0)) });
    commit(vec![check(0)]).await.unwrap();
    assert_eq!(account.get(&*store, Slot::Head).await, None);
    assert!(matches!(commit(vec![check(1)]).await, Err(CommitError::Conflict)));
    account.put(&*store, Slot::Head, 0, b"there").await.unwrap();
    commit(vec![check(1)]).await.unwrap();
    assert_eq!(account.get(&*store, Slot::Head).await, row(1, b"there"));
    assert!(matches!(commit(vec![check(0)]).await, Err(CommitError::Conflict)));
}

pub(crate) async fn exactly_one_wins_a_version(home: &impl Home) {
    const ASKERS: u8 = 64;
    let (store, account) = (home.open(), Account::new(home));
    for version in 0..8 {
        let bodies: Vec<[u8; 1]> = (0..ASKERS).map(|asker| [asker]).collect();
        let outcomes = all(bodies.iter().map(|body| account.put(&*store, Slot::Head, version, body))).await;
        let winners: Vec<usize> = (0..outcomes.len()).filter(|asker| outcomes[*asker].is_ok()).collect();
        assert_eq!(winners.len(), 1, "version {version}");
        let lost = outcomes.iter().filter(|outcome| matches!(outcome, Err(CommitError::Conflict)));
        assert_eq!(lost.count(), usize::from(ASKERS) - 1);
        assert_eq!(account.get(&*store, Slot::Head).await, row(version + 1, &bodies[winners[0]]));
    }
}

pub(crate) async fn rows_come_back_in_order(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let permit = account.record_id(at(0));
    let slots = [Slot::Line(fresh()), Slot::Permit(permit), Slot::Head, Slot::Line(fresh()), Slot::Credentials];
    for (number, slot) in (0_u8..).zip(slots).skip(1) {
        account.put(&*store, slot, 0, &[number]).await.unwrap();
    }
    // Asked for twice, it comes twice.
    let asked: Vec<Slot> = slots.iter().rev().chain(&slots).copied().collect();
    let loaded = store.load(Load { slots: asked, ..account.load(at(0)) }).await.unwrap();
    let numbers = [4_u8, 3, 2, 1, 0, 0, 1, 2, 3, 4];
    let expected: Vec<_> = numbers.iter().map(|number| if *number == 0 { None } else { row(1, &[*number]) }).collect();
    assert_eq!(loaded.rows, expected);
}

/// An integer key is a bucket, never an identity: accounts, lines, requests and names that share their first 64 bits.
pub(crate) async fn names_that_share_their_bits_stay_apart(home: &impl Home) {
    let store = home.open();
    let first = u128::from_be_bytes(*fresh().as_bytes()) & !0xff;
    let alike: Vec<Token> = (0..3_u128).map(|last| Token::from_bytes((first | last).to_be_bytes())).collect();
    for (number, token) in (0_u8..).zip(&alike) {
        let account = Account::of(home, *token);
        for (other, line) in (0_u8..).zip(&alike) {
            account.put(&*store, Slot::Line(*line), 0, &[number, other]).await.unwrap();
        }
        account.put(&*store, Slot::Head, 0, &[number]).await.unwrap();
        let record = account.answer(&*store, request_of(*token)).await.unwrap();
        let place = Place { account: *token, line: fresh() };
        store.index(vec![IndexEntry { name: *token, place }]).await.unwrap();
        assert_eq!(store.resolve(*token).await.unwrap(), Some(place));
        let again = account.answer(&*store, request_of(*token)).await;
        assert!(matches!(again, Err(CommitError::Answered(known)) if known == record), "{again:?}");
    }
    for (number, token) in (0_u8..).zip(&alike) {
        let account = Account::of(home, *token);
        assert_eq!(account.get(&*store, Slot::Head).await, row(1, &[number]));
        for (other, line) in (0_u8..).zip(&alike) {
            assert_eq!(account.get(&*store, Slot::Line(*line)).await, row(1, &[number, other]));
        }
        assert_eq!(store.resolve(*token).await.unwrap().map(|place| place.account), Some(*token));
    }
    let stranger = Token::from_bytes((first | 0xff).to_be_bytes());
    assert_eq!(store.resolve(stranger).await.unwrap(), None);
    assert_eq!(Account::of(home, stranger).get(&*store, Slot::Head).await, None);
}

fn request_of(token: Token) -> portcullis::store::Reserve {
    portcullis::store::Reserve { request: token, digest: *b"the digest of one and the same 1" }
}

pub(crate) async fn new_rows_of_one_commit_share_a_bucket(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let first = u128::from_be_bytes(*fresh().as_bytes()) & !0xff;
    let lines: Vec<Slot> =
        (0..5_u128).map(|last| Slot::Line(Token::from_bytes((first | last).to_be_bytes()))).collect();
    // Ids of one instant that differ in their last bits alone.
    let id = account.record_id(at(0)).as_u128();
    account.put(&*store, lines[0], 0, b"there").await.unwrap();
    let writes = lines.iter().skip(1).map(|line| write(*line, 0, b"new")).collect();
    store.commit(Commit { writes, ..account.commit(at(0)) }).await.unwrap();
    let loaded = store.load(Load { slots: lines, ..account.load(at(0)) }).await.unwrap();
    assert_eq!(loaded.rows[0], row(1, b"there"));
    assert!(loaded.rows[1..].iter().all(|found| *found == row(1, b"new")), "{loaded:?}");
    assert_eq!(store.record(RecordId::from_u128(id)).await.unwrap(), None);
}

pub(crate) async fn what_goes_in_comes_out(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let long: Vec<u8> = (0..251).cycle().take(BODY_BYTES_MAX).collect();
    let (empty, full) = (Slot::Line(fresh()), Slot::Line(fresh()));
    let due = DueEntry { at: at(3) + TimeDelta::nanoseconds(1), account: account.token, line: Some(fresh()) };
    let record = account.record(at(0), &long);
    let (id, writes) = (record.id, vec![write(empty, 0, b""), write(full, 0, &long)]);
    store.commit(Commit { writes, records: vec![record], due: vec![due], ..account.commit(at(0)) }).await.unwrap();
    assert_eq!(account.get(&*store, empty).await, row(1, b""));
    assert_eq!(account.get(&*store, full).await, row(1, &long));
    assert_eq!(store.record(id).await.unwrap().unwrap().body, long);
    let found = store.due(due.at, ROWS_MAX).await.unwrap();
    assert!(found.contains(&due), "{found:?}");
}

pub(crate) async fn what_is_out_of_bounds_is_refused(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let slot = Slot::Line(fresh());
    let record = account.record(at(0), b"");
    let empty = || account.commit(at(0));
    let commits = [
        Commit { writes: vec![write(slot, 0, b"a"), write(slot, 0, b"b")], ..empty() },
        Commit { writes: vec![write(slot, 0, &[0; BODY_BYTES_MAX + 1])], ..empty() },
        Commit { writes: (0..=ROWS_MAX).map(|_| write(Slot::Line(fresh()), 0, b"")).collect(), ..empty() },
        Commit { records: vec![record.clone(), record], ..empty() },
        Commit { settle: vec![fresh()], ..empty() },
    ];
    for commit in commits {
        let refused = store.commit(commit).await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Refused(_)))), "{refused:?}");
    }
    let window = account.window();
    let nothing_kept = Charge { cap: 0, ..charge(window, Before::Look) };
    let empty = || account.load(at(0));
    let loads = [
        Load { slots: (0..=ROWS_MAX).map(|_| Slot::Head).collect(), ..empty() },
        Load { charges: vec![charge(window, Before::Look)], ..empty() },
        Load { charges: vec![nothing_kept], reserve: Some(request(1)), ..empty() },
    ];
    for load in loads {
        let refused = store.load(load).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    }
    assert_eq!(account.count(&*store, window).await, 0);
    let lease = LeaseRequest { name: "x".repeat(1_000), holder: token(1), now: at(0), until: at(1) };
    assert!(matches!(store.lease(lease).await, Err(StoreError::Refused(_))));
    store.health().expect("a wrong question is no harm to the store");
}
