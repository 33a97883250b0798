//! What is acknowledged lasts; positions, rings, records and the index.

use portcullis::store::{
    Before, Claim, Commit, CommitError, DueEntry, IndexEntry, LeaseRequest, Load, Place, Position, ROWS_MAX,
    Reservation, Slot, Store, StoreError, StoredRecord,
};

use crate::harness::{Account, Home, at, charge, fresh, request, row, write};

/// Something of everything that a store keeps.
struct Everything {
    line: Slot,
    reserve: portcullis::store::Reserve,
    record: portcullis::domain::RecordId,
    window: portcullis::store::WindowKey,
    name: portcullis::crypto::Token,
    place: Place,
    due: DueEntry,
    lease: LeaseRequest,
}

impl Everything {
    async fn kept(store: &dyn Store, account: &Account<'_>) -> (Self, Position) {
        let record = account.record(at(0), b"record");
        let kept = Self {
            line: Slot::Line(fresh()),
            reserve: request(1),
            record: record.id,
            window: account.window(),
            name: fresh(),
            place: Place { account: account.token, line: fresh() },
            due: account.due(9),
            lease: LeaseRequest { name: format!("{:?}", fresh()), holder: fresh(), now: at(0), until: at(60) },
        };
        let charges = [charge(kept.window, Before::Look)];
        account.charge(store, request(2), &charges).await.unwrap();
        store.index(vec![IndexEntry { name: kept.name, place: kept.place }]).await.unwrap();
        store.lease(kept.lease.clone()).await.unwrap().unwrap();
        let commit = Commit {
            writes: vec![write(Slot::Head, 0, b"head"), write(kept.line, 0, b"line")],
            records: vec![record],
            claim: Some(Claim { reserve: kept.reserve, record: kept.record }),
            due: vec![kept.due],
            ..account.commit(at(0))
        };
        let position = store.commit(commit).await.unwrap();
        (kept, position)
    }

    async fn is_there(&self, store: &dyn Store, account: &Account<'_>, position: Position) {
        let load = Load {
            slots: vec![Slot::Head, self.line],
            windows: vec![self.window],
            reserve: Some(self.reserve),
            at_least: Some(position),
            ..account.load(at(0))
        };
        let loaded = store.load(load).await.unwrap();
        assert_eq!(loaded.rows, [row(1, b"head"), row(1, b"line")]);
        assert_eq!(loaded.reservation, Reservation::Answered(self.record));
        assert_eq!(loaded.windows[0].events.len(), 1);
        let record = StoredRecord { account: account.token, body: b"record".to_vec() };
        assert_eq!(store.record(self.record).await.unwrap(), Some(record));
        assert_eq!(store.resolve(self.name).await.unwrap(), Some(self.place));
        assert!(store.due(self.due.at, ROWS_MAX).await.unwrap().contains(&self.due));
        let other = LeaseRequest { holder: fresh(), ..self.lease.clone() };
        assert_eq!(store.lease(other).await.unwrap(), None);
        let behind = Commit { now: at(-3), ..account.commit(at(0)) };
        assert!(matches!(store.commit(behind).await, Err(CommitError::Store(StoreError::ClockBehind))));
    }
}

pub(crate) async fn what_is_acknowledged_is_there_after_a_crash(home: &impl Home) {
    let (mut store, account) = (home.open(), Account::new(home));
    let (everything, position) = Everything::kept(&*store, &account).await;
    for _ in 0..3 {
        everything.is_there(&*store, &account, position).await;
        drop(store);
        store = home.open();
    }
}

pub(crate) async fn what_is_closed_is_there_too(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let (everything, position) = Everything::kept(&*store, &account).await;
    drop(store);
    home.close().await;
    home.close().await;
    everything.is_there(&*home.open(), &account, position).await;
}

pub(crate) async fn positions_grow(home: &impl Home) {
    let (mut store, account) = (home.open(), Account::new(home));
    let mut last: Option<Position> = None;
    for (version, records) in (0..).zip([0, 1, 3, 0, 2]) {
        let commit = Commit {
            writes: vec![write(Slot::Head, version, b"")],
            records: (0..records).map(|_| account.record(at(0), b"")).collect(),
            ..account.commit(at(0))
        };
        let position = store.commit(commit).await.unwrap();
        assert_eq!(position.partition, account.partition());
        if let Some(last) = last {
            assert_eq!(position.epoch, last.epoch);
            assert!(position.seq > last.seq, "{position:?} after {last:?}");
        }
        last = Some(position);
        drop(store);
        store = home.open();
    }
}

pub(crate) async fn a_position_not_reached_is_behind(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let reached = account.put(&*store, Slot::Head, 0, b"there").await.unwrap();
    let window = account.window();
    let load = |at_least| Load {
        slots: vec![Slot::Head],
        at_least: Some(at_least),
        reserve: Some(request(1)),
        charges: vec![charge(window, Before::Look)],
        ..account.load(at(0))
    };
    for unknown in [Position { seq: reached.seq + 1, ..reached }, Position { epoch: reached.epoch + 1, ..reached }] {
        let refused = store.load(load(unknown)).await;
        assert!(matches!(refused, Err(StoreError::Behind)), "{refused:?}");
    }
    assert_eq!(account.count(&*store, window).await, 0, "nothing was charged");
    assert_eq!(store.load(load(reached)).await.unwrap().rows, [row(1, b"there")]);
}

pub(crate) async fn each_commit_rings_its_partition(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let mut rings = store.rings();
    account.put(&*store, Slot::Head, 0, b"").await.unwrap();
    assert_eq!(rings.recv().await.unwrap(), account.partition());
    assert!(account.put(&*store, Slot::Head, 0, b"").await.is_err());
    let other = Account::new(home);
    other.put(&*store, Slot::Head, 0, b"").await.unwrap();
    assert_eq!(rings.recv().await.unwrap(), other.partition(), "what is refused rings nobody");
}

pub(crate) async fn a_record_is_found_by_its_id(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    // Of one instant, as an import makes them; and one of any shape.
    let mut ids: Vec<_> = (0..200).map(|_| account.record_id(at(0))).collect();
    ids.push(account.record_id(at(-1_000_000_000)));
    for (number, chunk) in (0_u8..).zip(ids.chunks(50)) {
        let records = chunk.iter().map(|id| portcullis::store::NewRecord { id: *id, body: vec![number] }).collect();
        store.commit(Commit { records, ..account.commit(at(0)) }).await.unwrap();
    }
    for (number, chunk) in (0_u8..).zip(ids.chunks(50)) {
        for id in chunk {
            let found = store.record(*id).await.unwrap();
            assert_eq!(found, Some(StoredRecord { account: account.token, body: vec![number] }));
        }
    }
    assert_eq!(store.record(account.record_id(at(0))).await.unwrap(), None);
}

pub(crate) async fn a_record_is_appended_once(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let record = account.record(at(0), b"first");
    store.commit(Commit { records: vec![record.clone()], ..account.commit(at(0)) }).await.unwrap();
    let (writes, again) = (vec![write(Slot::Head, 0, b"x")], vec![account.record(at(0), b""), record.clone()]);
    let refused = store.commit(Commit { writes, records: again, ..account.commit(at(0)) }).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Refused(_)))), "{refused:?}");
    assert_eq!(account.get(&*store, Slot::Head).await, None);
    assert_eq!(store.record(record.id).await.unwrap().unwrap().body, b"first");
}

pub(crate) async fn the_newest_index_entry_wins(home: &impl Home) {
    let store = home.open();
    let (name, other) = (fresh(), fresh());
    let places: Vec<Place> = (0..3).map(|_| Place { account: fresh(), line: fresh() }).collect();
    assert_eq!(store.resolve(name).await.unwrap(), None);
    let entry = |name, place: &Place| IndexEntry { name, place: *place };
    store.index(vec![entry(name, &places[0]), entry(other, &places[1])]).await.unwrap();
    assert_eq!(store.resolve(name).await.unwrap(), Some(places[0]));
    store.index(vec![entry(name, &places[1]), entry(name, &places[2])]).await.unwrap();
    assert_eq!(store.resolve(name).await.unwrap(), Some(places[2]));
    assert_eq!(store.resolve(other).await.unwrap(), Some(places[1]));
}
