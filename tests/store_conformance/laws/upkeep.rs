//! Upkeep: everything that is sealed is met once, and put in the place of itself without anybody noticing.

use std::collections::BTreeMap;

use portcullis::crypto::Token;
use portcullis::domain::RecordId;
use portcullis::store::{
    BODY_BYTES_MAX, Commit, PAGE_BYTES, PermitRow, ROWS_MAX, Reseal, Row, SealedAt, Slot, Store, StoreError,
    StoredRecord,
};

use crate::harness::{Account, Home, all, at, fresh, row, write};

/// All rows of an account, page by page.
async fn rows(store: &dyn Store, account: Token, limit: usize) -> Vec<(Slot, Row)> {
    let mut found: Vec<(Slot, Row)> = Vec::new();
    loop {
        let page = store.rows(account, found.last().map(|(slot, _)| *slot), limit).await.unwrap();
        assert!(page.len() <= limit, "{} of {limit}", page.len());
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

/// All permits, page by page.
async fn permits(store: &dyn Store, limit: usize) -> Vec<PermitRow> {
    let mut found: Vec<PermitRow> = Vec::new();
    loop {
        let page = store.permits(found.last().map(|permit| permit.place), limit).await.unwrap();
        assert!(page.len() <= limit, "{} of {limit}", page.len());
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

pub(crate) async fn an_accounts_rows_are_met_once_and_in_order(home: &impl Home) {
    let (mut store, account) = (home.open(), Account::new(home));
    let first = u128::from_be_bytes(*fresh().as_bytes()) & !0xff;
    // Some share their first bits, so that they stand in one bucket.
    let alike = (0..6_u128).rev().map(|last| Slot::Line(Token::from_bytes((first | last).to_be_bytes())));
    let lines: Vec<Slot> = alike.chain((0..10).map(|_| Slot::Line(fresh()))).collect();
    let mut expected = BTreeMap::new();
    for slot in [Slot::Head, Slot::Credentials].into_iter().chain(lines) {
        let body = vec![u8::try_from(expected.len()).unwrap()];
        account.put(&*store, slot, 0, &body).await.unwrap();
        expected.insert(slot, Row { version: 1, body });
    }
    // Neither its permits nor another's rows are among them.
    account.put(&*store, Slot::Permit(account.record_id(at(0))), 0, b"permit").await.unwrap();
    Account::new(home).put(&*store, Slot::Head, 0, b"other").await.unwrap();
    let expected: Vec<(Slot, Row)> = expected.into_iter().collect();
    for _ in 0..2 {
        for limit in [1, 2, 7, ROWS_MAX] {
            assert_eq!(rows(&*store, account.token, limit).await, expected, "in pages of {limit}");
        }
        drop(store);
        store = home.open();
    }
    assert_eq!(rows(&*store, fresh(), 7).await, []);
}

pub(crate) async fn every_permit_is_met_once(home: &impl Home) {
    let mut store = home.open();
    let accounts: Vec<_> = (0..3).map(|_| Account::new(home)).collect();
    let mut made: BTreeMap<RecordId, (Token, Row)> = BTreeMap::new();
    for number in 0..20_u8 {
        let account = &accounts[usize::from(number) % 3];
        let id = account.record_id(at(i64::from(number % 4)));
        account.put(&*store, Slot::Permit(id), 0, &[number]).await.unwrap();
        made.insert(id, (account.token, Row { version: 1, body: vec![number] }));
    }
    for _ in 0..2 {
        for limit in [1, 3, ROWS_MAX] {
            let met = permits(&*store, limit).await;
            assert_eq!(met.len(), made.len(), "in pages of {limit}");
            let met: BTreeMap<_, _> = met.into_iter().map(|permit| (permit.id, (permit.account, permit.row))).collect();
            assert_eq!(met, made, "in pages of {limit}");
        }
        drop(store);
        store = home.open();
    }
    assert_eq!(store.permits(Some(u64::MAX), ROWS_MAX).await.unwrap(), []);
}

pub(crate) async fn a_page_of_long_rows_ends_early(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let long = vec![7; BODY_BYTES_MAX];
    let enough = 2 * PAGE_BYTES / BODY_BYTES_MAX;
    for _ in 0..enough {
        account.put(&*store, Slot::Line(fresh()), 0, &long).await.unwrap();
        account.put(&*store, Slot::Permit(account.record_id(at(0))), 0, &long).await.unwrap();
    }
    let most = PAGE_BYTES / BODY_BYTES_MAX + 1;
    assert!(store.rows(account.token, None, ROWS_MAX).await.unwrap().len() <= most);
    assert!(store.permits(None, ROWS_MAX).await.unwrap().len() <= most);
    assert_eq!(rows(&*store, account.token, ROWS_MAX).await.len(), enough);
    assert_eq!(permits(&*store, ROWS_MAX).await.len(), enough);
}

/// One of each place that sealed bytes stand in.
async fn one_of_each(store: &dyn Store, account: &Account<'_>) -> Vec<SealedAt> {
    let record = account.record(at(0), b"old");
    let slots = [Slot::Head, Slot::Credentials, Slot::Line(fresh()), Slot::Permit(account.record_id(at(0)))];
    let places = slots.map(|slot| SealedAt::Row(account.token, slot)).into_iter();
    let places = places.chain([SealedAt::Record(record.id)]).collect();
    let writes = slots.map(|slot| write(slot, 0, b"old")).to_vec();
    store.commit(Commit { writes, records: vec![record], ..account.commit(at(0)) }).await.unwrap();
    places
}

async fn stands(store: &dyn Store, account: &Account<'_>, place: SealedAt) -> Vec<u8> {
    match place {
        SealedAt::Row(_, slot) => {
            let row = account.get(store, slot).await.unwrap();
            assert_eq!(row.version, 1);
            row.body
        }
        SealedAt::Record(id) => {
            let StoredRecord { account: whose, body } = store.record(id).await.unwrap().unwrap();
            assert_eq!(whose, account.token);
            body
        }
    }
}

fn reseal(at: SealedAt, old: &[u8], new: &[u8]) -> Reseal {
    Reseal { at, old: old.to_vec(), new: new.to_vec() }
}

pub(crate) async fn what_is_resealed_keeps_its_place_and_version(home: &impl Home) {
    let (mut store, account) = (home.open(), Account::new(home));
    let places = one_of_each(&*store, &account).await;
    let bodies = places.iter().map(|place| reseal(*place, b"old", b"anew")).collect();
    assert_eq!(store.reseal(bodies).await.unwrap(), places.len());
    for _ in 0..2 {
        for place in &places {
            assert_eq!(stands(&*store, &account, *place).await, b"anew", "{place:?}");
        }
        // As a crash would leave it.
        drop(store);
        store = home.open();
    }
    // Who read a row before it was resealed may still write it.
    account.put(&*store, Slot::Head, 1, b"written").await.unwrap();
    assert_eq!(account.get(&*store, Slot::Head).await, row(2, b"written"));
}

pub(crate) async fn only_the_same_bytes_are_resealed(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let places = one_of_each(&*store, &account).await;
    let nowhere = [
        SealedAt::Row(fresh(), Slot::Head),
        SealedAt::Row(account.token, Slot::Line(fresh())),
        SealedAt::Row(account.token, Slot::Permit(account.record_id(at(0)))),
        SealedAt::Record(account.record_id(at(0))),
    ];
    let changed = places.iter().map(|place| reseal(*place, b"other", b"anew"));
    let missing = nowhere.iter().map(|place| reseal(*place, b"old", b"anew"));
    assert_eq!(store.reseal(changed.chain(missing).collect()).await.unwrap(), 0);
    for place in &places {
        assert_eq!(stands(&*store, &account, *place).await, b"old", "{place:?}");
    }
    assert_eq!(rows(&*store, fresh(), 1).await, []);
    let many = vec![reseal(places[0], b"old", b"anew"); ROWS_MAX + 1];
    let long = vec![reseal(places[0], b"old", &vec![0; BODY_BYTES_MAX + 1])];
    for refused in [store.reseal(many).await, store.reseal(long).await] {
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    }
    store.health().expect("a wrong question is no harm to the store");
}

/// Writers of one row and those that reseal it: every write wins, and what is resealed is what was written.
pub(crate) async fn who_writes_and_who_reseals_do_not_meet(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    account.put(&*store, Slot::Head, 0, &[0]).await.unwrap();
    let place = SealedAt::Row(account.token, Slot::Head);
    for version in 1..40_u8 {
        let sealed = vec![reseal(place, &[version - 1], &[version - 1, 7])];
        let body = [version];
        let write = account.put(&*store, Slot::Head, u64::from(version), &body);
        let (resealed, written) = tokio::join!(store.reseal(sealed), write);
        resealed.unwrap();
        written.expect("a write never conflicts with resealing");
        assert_eq!(account.get(&*store, Slot::Head).await, row(u64::from(version) + 1, &[version]));
    }
    // Of many that reseal the same bytes one does.
    let sealed = |number: u8| store.reseal(vec![reseal(place, &[39], &[39, number])]);
    let outcomes = all((0..16).map(sealed)).await;
    assert_eq!(outcomes.into_iter().map(Result::unwrap).sum::<usize>(), 1);
}
