//! An audit that was edited: what somebody with a hand in the store's file did to the records is found.

use portcullis::audit::{ChainMark, CheckpointLine, CheckpointReader, Fault, FaultKind};
use portcullis::domain::{AccountId, RecordId, Requester, Role};
use portcullis::service::{ServiceError, authorise};
use portcullis::store::{Store, Verified, Verifying};
use rusqlite::Connection;
use tokio::sync::mpsc;

use crate::world::{ACCOUNT, World, brand, carrier, requester};

/// Decisions on the account before a checkpoint, and after it.
const EARLY: usize = 5;
const LATE: usize = 3;

fn auditor() -> Requester {
    requester(Role::Auditor, "auditor-1")
}

/// The account's token: where its records are.
fn account(world: &World) -> Vec<u8> {
    let tokens = portcullis::crypto::Tokens::new(&world.keyring);
    tokens.account(&brand(), &AccountId::parse(ACCOUNT).unwrap()).as_bytes().to_vec()
}

async fn decisions(world: &World, count: usize) {
    for _ in 0..count {
        world.decide(carrier(), world.port()).await.unwrap();
    }
}

/// A checkpoint of the brand, as it is kept: its text.
async fn checkpoint(world: &World) -> String {
    let mut pieces = world.engine.checkpoint(&authorise(auditor()).unwrap());
    let mut text = String::new();
    while let Some(piece) = pieces.recv().await {
        text += &piece.unwrap();
    }
    text
}

fn marks(text: &str) -> Vec<ChainMark> {
    let mut reader = CheckpointReader::default();
    let lines: Vec<_> = text.lines().map(|line| reader.line(line).unwrap()).collect();
    assert!(reader.is_whole());
    lines.into_iter().filter_map(|line| if let CheckpointLine::Mark(mark) = line { Some(mark) } else { None }).collect()
}

/// What verifying comes to: one account, or all of the brand, with what a checkpoint says or without.
async fn verified(world: &World, one: Option<&str>, marks: Option<Vec<ChainMark>>) -> (Verified, Vec<Fault>) {
    let given = marks.map(|marks| {
        let (sender, given) = mpsc::channel(1_024);
        for mark in marks {
            sender.try_send(mark).unwrap();
        }
        given
    });
    let one = one.map(|id| AccountId::parse(id).unwrap());
    let mut verification = world.engine.verify(&authorise(auditor()).unwrap(), one, given).await.unwrap();
    let mut faults = Vec::new();
    while let Some(step) = verification.steps.recv().await {
        if let Verifying::Found(fault) = step {
            faults.push(fault);
        }
    }
    (verification.end.await.unwrap().unwrap(), faults)
}

fn kinds(faults: &[Fault]) -> Vec<FaultKind> {
    faults.iter().map(|fault| fault.kind).collect()
}

/// The ids of the account's records, in the order of their commits.
fn records(db: &Connection, account: &[u8]) -> Vec<(i64, RecordId)> {
    let mut rows = db.prepare("SELECT seq, id FROM records WHERE account = ?1 ORDER BY seq").unwrap();
    let found =
        rows.query_map([account], |row| Ok((row.get(0)?, RecordId::from_u128(u128::from_be_bytes(row.get(1)?)))));
    found.unwrap().collect::<Result<_, _>>().unwrap()
}

/// The heads of all accounts: key, version, body.
fn heads(db: &Connection) -> Vec<(i64, i64, Vec<u8>)> {
    let mut rows = db.prepare("SELECT key, version, body FROM rows WHERE name = x'01'").unwrap();
    let found = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    found.unwrap().collect::<Result<_, _>>().unwrap()
}

fn put_back(db: &Connection, heads: &[(i64, i64, Vec<u8>)]) {
    for (key, version, body) in heads {
        db.execute("UPDATE rows SET version = ?2, body = ?3 WHERE key = ?1", (key, version, body)).unwrap();
    }
}

fn drop_records(db: &Connection, which: &[(i64, RecordId)]) {
    for (seq, _) in which {
        assert_eq!(db.execute("DELETE FROM records WHERE seq = ?1", [seq]).unwrap(), 1);
    }
}

/// A world whose account has a history, and the records of it.
async fn with_history() -> (World, Vec<u8>) {
    let world = World::populated().await;
    decisions(&world, EARLY + LATE).await;
    let account = account(&world);
    (world, account)
}

#[tokio::test]
async fn what_nobody_touched_holds() {
    let (world, _) = with_history().await;
    let text = checkpoint(&world).await;
    decisions(&world, LATE).await;
    for marks in [None, Some(marks(&text))] {
        let (verified, faults) = verified(&world, None, marks).await;
        assert_eq!(faults, []);
        assert_eq!(verified.accounts, 2, "the customer's and the ledger");
        assert!(verified.records > (EARLY + 2 * LATE) as u64, "{verified:?}");
    }
    let (one, faults) = verified(&world, Some(ACCOUNT), Some(marks(&text))).await;
    assert_eq!((one.accounts, faults.len()), (1, 0));
    // What verifying appended itself: two looks at all, one at the account.
    assert_eq!(one.records, 1 + (EARLY + 2 * LATE) as u64 + 1);
}

#[tokio::test]
async fn one_changed_byte_is_found() {
    let (world, account) = with_history().await;
    let mut changed = None;
    let world = world
        .reopen_altered(|db| {
            let (seq, id) = records(db, &account)[3];
            let mut body: Vec<u8> =
                db.query_row("SELECT body FROM records WHERE seq = ?1", [seq], |row| row.get(0)).unwrap();
            let middle = body.len() / 2;
            body[middle] ^= 1;
            db.execute("UPDATE records SET body = ?2 WHERE seq = ?1", (seq, body)).unwrap();
            changed = Some(id);
        })
        .await;
    for one in [None, Some(ACCOUNT)] {
        let (_, faults) = verified(&world, one, None).await;
        assert_eq!(kinds(&faults), [FaultKind::RecordUnreadable], "{one:?}");
        assert_eq!(faults[0].record, changed);
        assert_eq!(faults[0].account_id, Some(AccountId::parse(ACCOUNT).unwrap()));
    }
    // Whoever asks for that record alone gets no answer; the others are still answered.
    assert!(world.store.health().is_ok());
    decisions(&world, 1).await;
}

#[tokio::test]
async fn a_dropped_record_is_found() {
    let (world, account) = with_history().await;
    let mut dropped = None;
    let world = world
        .reopen_altered(|db| {
            let which = records(db, &account)[4];
            drop_records(db, &[which]);
            dropped = Some(which.1);
        })
        .await;
    let (_, faults) = verified(&world, None, None).await;
    assert_eq!(kinds(&faults), [FaultKind::RecordMissing]);
    assert_eq!((faults[0].record, faults[0].seq), (dropped, Some(5)));
    let (_, faults) = verified(&world, Some(ACCOUNT), None).await;
    assert_eq!(kinds(&faults), [FaultKind::RecordUnreadable]);
    assert_eq!(faults[0].record, dropped);
    assert!(world.store.health().is_ok());
}

#[tokio::test]
async fn a_cut_tail_is_found() {
    let (world, account) = with_history().await;
    let mut newest = None;
    let world = world
        .reopen_altered(|db| {
            let all = records(db, &account);
            newest = all.last().map(|(_, id)| *id);
            drop_records(db, &all[all.len() - LATE..]);
        })
        .await;
    let (_, faults) = verified(&world, None, None).await;
    assert_eq!(kinds(&faults), [FaultKind::TailMissing]);
    assert_eq!((faults[0].record, faults[0].seq), (newest, Some(1 + EARLY as u64 + 1)));
}

#[tokio::test]
async fn a_tail_cut_with_its_head_put_back_is_found_with_a_checkpoint() {
    let world = World::populated().await;
    let account = account(&world);
    decisions(&world, EARLY).await;
    let mut older = Vec::new();
    let world = world.reopen_altered(|db| older = heads(db)).await;
    decisions(&world, LATE).await;
    let marks = marks(&checkpoint(&world).await);
    let world = world
        .reopen_altered(|db| {
            let all = records(db, &account);
            drop_records(db, &all[all.len() - LATE..]);
            put_back(db, &older);
        })
        .await;
    // The chain holds: nothing in the store says that there ever was more.
    let (_, faults) = verified(&world, None, None).await;
    assert_eq!(faults, []);
    for one in [None, Some(ACCOUNT)] {
        let (_, faults) = verified(&world, one, Some(marks.clone())).await;
        assert_eq!(kinds(&faults), [FaultKind::CheckpointUnmet], "{one:?}");
        assert_eq!(faults[0].seq, Some(1 + (EARLY + LATE) as u64));
    }
    // What is appended in their place is not what was there.
    decisions(&world, 2 * LATE).await;
    for one in [None, Some(ACCOUNT)] {
        let (_, faults) = verified(&world, one, Some(marks.clone())).await;
        assert_eq!(kinds(&faults), [FaultKind::CheckpointUnmet], "{one:?}");
    }
}

#[tokio::test]
async fn a_head_put_back_alone_is_found() {
    let world = World::populated().await;
    decisions(&world, EARLY).await;
    let mut older = Vec::new();
    let world = world.reopen_altered(|db| older = heads(db)).await;
    decisions(&world, LATE).await;
    let world = world.reopen_altered(|db| put_back(db, &older)).await;
    let (_, faults) = verified(&world, None, None).await;
    assert_eq!(kinds(&faults), [FaultKind::HeadBehind]);
}

#[tokio::test]
async fn a_record_that_was_copied_is_found() {
    let (world, account) = with_history().await;
    let world = world
        .reopen_altered(|db| {
            let (seq, _) = records(db, &account)[2];
            let copy = "INSERT INTO records SELECT (SELECT max(seq) FROM records) + 1, id, account, body FROM records \
                        WHERE seq = ?1";
            assert_eq!(db.execute(copy, [seq]).unwrap(), 1);
            db.execute("UPDATE meta SET seq = seq + 1", []).unwrap();
        })
        .await;
    let (_, faults) = verified(&world, None, None).await;
    assert_eq!(kinds(&faults), [FaultKind::RecordOutOfPlace]);
}

#[tokio::test]
async fn an_account_that_was_removed_is_found() {
    let (world, account) = with_history().await;
    let marks = marks(&checkpoint(&world).await);
    // The ledger's head is the other one; the account's is the older of the two.
    let remove_rows = |db: &Connection| {
        let key: i64 = db.query_row("SELECT min(key) FROM rows WHERE name = x'01'", [], |row| row.get(0)).unwrap();
        assert_eq!(db.execute("DELETE FROM rows WHERE key = ?1", [key]).unwrap(), 1);
    };
    let world = world.reopen_altered(remove_rows).await;
    let (_, faults) = verified(&world, None, None).await;
    assert_eq!(kinds(&faults), [FaultKind::AccountMissing], "its records are still there");
    let one = world.engine.verify(&authorise(auditor()).unwrap(), Some(AccountId::parse(ACCOUNT).unwrap()), None).await;
    assert!(matches!(one.map(|_| ()), Err(ServiceError::NotFound("account"))));
    let world = world.reopen_altered(|db| drop_records(db, &records(db, &account))).await;
    let (_, faults) = verified(&world, None, None).await;
    assert_eq!(faults, [], "nothing in the store says that it ever was");
    let (_, faults) = verified(&world, None, Some(marks)).await;
    assert_eq!(kinds(&faults), [FaultKind::CheckpointAccountMissing]);
}

#[tokio::test]
async fn a_head_that_was_changed_is_found() {
    let (world, _) = with_history().await;
    let world = world
        .reopen_altered(|db| {
            let (key, version, mut body) = heads(db).swap_remove(0);
            let last = body.len() - 1;
            body[last] ^= 0x80;
            put_back(db, &[(key, version, body)]);
        })
        .await;
    let (_, faults) = verified(&world, None, None).await;
    assert_eq!(kinds(&faults), [FaultKind::HeadUnreadable]);
}
