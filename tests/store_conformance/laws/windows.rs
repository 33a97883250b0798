//! Windows: charged before anything is looked at, once, and settled for good.

use portcullis::store::{Before, Charge, ChargeWindows, Claim, Commit, Load, Settle, Slot, WindowEvent, WindowKey};

use crate::harness::{Account, Home, all, at, charge, fresh, request, write};

/// A commit that claims the request and settles those windows.
fn settling(account: &Account<'_>, reserve: portcullis::store::Reserve, windows: &[WindowKey]) -> Commit {
    let record = account.record(at(0), b"");
    Commit {
        claim: Some(Claim { reserve, record: record.id }),
        records: vec![record],
        settle: windows.iter().map(|window| window.token).collect(),
        ..account.commit(at(0))
    }
}

pub(crate) async fn an_attempt_is_charged_once(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    for before in [Before::Look, Before::Commit] {
        let (reserve, window) = (request(1), account.window());
        let one = charge(window, before);
        for _ in 0..2 {
            let loaded = account.charge(&*store, reserve, &[one, one]).await.unwrap();
            let event = WindowEvent { at: at(0), subject: one.subject, attempt: reserve.request };
            assert!(loaded.windows.iter().all(|window| window.events == [event]), "{loaded:?}");
        }
        let again = ChargeWindows { charges: vec![one], reads: vec![], attempt: reserve.request, now: at(5) };
        assert_eq!(store.charge(again).await.unwrap()[0].events.len(), 1);
        account.charge(&*store, request(1), &[one]).await.unwrap();
        assert_eq!(account.count(&*store, window).await, 2, "another attempt counts");
    }
}

pub(crate) async fn a_charge_before_a_look_lasts(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let (inside, outside) = (account.window(), account.window());
    account.charge(&*store, request(1), &[charge(inside, Before::Look)]).await.unwrap();
    let charges = vec![charge(outside, Before::Look)];
    store.charge(ChargeWindows { charges, reads: vec![], attempt: fresh(), now: at(0) }).await.unwrap();
    drop(store);
    let store = home.open();
    assert_eq!(account.count(&*store, inside).await, 1);
    assert_eq!(account.count(&*store, outside).await, 1);
}

pub(crate) async fn a_charge_before_a_commit_lasts_with_it(home: &impl Home) {
    let (store, account, other) = (home.open(), Account::new(home), Account::new(home));
    let (inside, outside) = (account.window(), account.window());
    account.charge(&*store, request(1), &[charge(inside, Before::Commit)]).await.unwrap();
    let charges = vec![charge(outside, Before::Commit)];
    let windows = store.charge(ChargeWindows { charges, reads: vec![], attempt: fresh(), now: at(0) }).await.unwrap();
    assert_eq!(windows[0].events.len(), 1, "it counts at once");
    assert_eq!(account.count(&*store, inside).await, 1);
    other.put(&*store, Slot::Head, 0, b"any commit of the store").await.unwrap();
    drop(store);
    let store = home.open();
    assert_eq!(account.count(&*store, inside).await, 1);
    assert_eq!(account.count(&*store, outside).await, 1);
}

pub(crate) async fn a_settled_charge_never_counts(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let (reserve, failed) = (request(1), request(2));
    let (settled, kept) = (account.window(), account.window());
    for before in [Before::Look, Before::Commit] {
        let charges = [charge(settled, before), charge(kept, before)];
        account.charge(&*store, failed, &charges).await.unwrap();
        account.charge(&*store, reserve, &charges).await.unwrap();
    }
    store.commit(settling(&account, reserve, &[settled])).await.unwrap();
    let mut store = store;
    for _ in 0..2 {
        assert_eq!(account.count(&*store, settled).await, 1, "only the other attempt's");
        assert_eq!(account.count(&*store, kept).await, 2, "only what was named");
        account.charge(&*store, reserve, &[charge(settled, Before::Look)]).await.unwrap();
        drop(store);
        store = home.open();
    }
}

pub(crate) async fn what_is_settled_outside_counts_no_more(home: &impl Home) {
    let (mut store, account) = (home.open(), Account::new(home));
    let elsewhere = WindowKey { partition: fresh().partition(), token: fresh() };
    let (settled, kept) = (fresh(), fresh());
    for before in [Before::Look, Before::Commit] {
        for attempt in [settled, kept] {
            let charges = vec![charge(elsewhere, before)];
            store.charge(ChargeWindows { charges, reads: vec![], attempt, now: at(0) }).await.unwrap();
        }
    }
    let never_made = Settle { window: account.window(), attempt: settled };
    store.settle(vec![Settle { window: elsewhere, attempt: settled }, never_made]).await.unwrap();
    for _ in 0..2 {
        let read = ChargeWindows { charges: vec![], reads: vec![elsewhere], attempt: fresh(), now: at(1) };
        let windows = store.charge(read).await.unwrap();
        let attempts: Vec<_> = windows[0].events.iter().map(|event| event.attempt).collect();
        assert_eq!(attempts, [kept], "its own charge alone, and for good");
        account.put(&*store, Slot::Line(fresh()), 0, b"any commit of the store").await.unwrap();
        drop(store);
        store = home.open();
    }
}

pub(crate) async fn a_charge_before_nothing_counts_at_once(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let (first, second) = (account.window(), account.window());
    let (one, attempt) = (charge(first, Before::Nothing), fresh());
    for _ in 0..2 {
        let both = ChargeWindows { charges: vec![one], reads: vec![second, first], attempt, now: at(0) };
        let counts: Vec<_> = store.charge(both).await.unwrap().iter().map(|window| window.events.len()).collect();
        assert_eq!(counts, [1, 0, 1], "charged ones first, then those to read");
    }
    store.settle(vec![Settle { window: first, attempt }]).await.unwrap();
    assert_eq!(account.count(&*store, first).await, 0);
}

pub(crate) async fn a_conflict_settles_nothing(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let (reserve, window) = (request(1), account.window());
    account.charge(&*store, reserve, &[charge(window, Before::Look)]).await.unwrap();
    let commit = Commit { writes: vec![write(Slot::Head, 3, b"")], ..settling(&account, reserve, &[window]) };
    assert!(store.commit(commit).await.is_err());
    assert_eq!(account.count(&*store, window).await, 1);
    drop(store);
    assert_eq!(account.count(&*home.open(), window).await, 1);
}

pub(crate) async fn the_newest_up_to_the_cap_are_kept(home: &impl Home) {
    let (mut store, account) = (home.open(), Account::new(home));
    let window = account.window();
    let mut attempts = Vec::new();
    for second in [3, 1, 4, 15, 9, 2, 6] {
        let attempt = fresh();
        attempts.push((at(second), attempt));
        let charges = vec![Charge { cap: 4, ..charge(window, Before::Look) }];
        let told = store.charge(ChargeWindows { charges, reads: vec![], attempt, now: at(second) }).await.unwrap();
        let mut expected = attempts.clone();
        expected.sort_unstable();
        expected.drain(..expected.len().saturating_sub(4));
        let found = |window: &portcullis::store::Window| -> Vec<_> {
            window.events.iter().map(|event| (event.at, event.attempt)).collect()
        };
        assert_eq!(found(&told[0]), expected);
        drop(store);
        store = home.open();
        let loaded = store.load(Load { windows: vec![window], ..account.load(at(0)) }).await.unwrap();
        assert_eq!(found(&loaded.windows[0]), expected, "after a crash");
    }
}

pub(crate) async fn windows_stay_apart(home: &impl Home) {
    let (store, account) = (home.open(), Account::new(home));
    let window = account.window();
    account.charge(&*store, request(1), &[charge(window, Before::Look)]).await.unwrap();
    let elsewhere = std::iter::repeat_with(|| Account::new(home)).find(|other| other.partition() != window.partition);
    let elsewhere = elsewhere.unwrap();
    let same_token = WindowKey { partition: elsewhere.partition(), token: window.token };
    assert_eq!(elsewhere.count(&*store, same_token).await, 0);
    assert_eq!(account.count(&*store, account.window()).await, 0);
}

/// However many attempts come at once, no more of them than the limit see room: each counts itself before it looks.
pub(crate) async fn no_more_than_the_limit_look(home: &impl Home) {
    const LIMIT: u16 = 5;
    let (store, account) = (home.open(), Account::new(home));
    let one = Charge { cap: LIMIT + 1, ..charge(account.window(), Before::Look) };
    let charges = [one];
    let loads = all((0..64).map(|_| account.charge(&*store, request(1), &charges))).await;
    let counts: Vec<usize> = loads.into_iter().map(|loaded| loaded.unwrap().windows[0].events.len()).collect();
    let looked = counts.iter().filter(|count| **count <= usize::from(LIMIT)).count();
    assert_eq!(looked, usize::from(LIMIT), "{counts:?}");
}
