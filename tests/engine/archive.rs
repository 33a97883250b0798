//! Old records leave the store for signed segments, and nothing is ever in neither.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use portcullis::audit::archive::{SegmentName, may_go_from};
use portcullis::audit::{Fault, FaultKind};
use portcullis::crypto::{Purpose, RecordSigner};
use portcullis::domain::{AccountId, Channel, LockSet, RecordId, Requester, Role};
use portcullis::service::{
    ACTIVITY_PAGE_MAX, Archiving, Engine, Parts, Refusal, Scope, SegmentState, ServiceError, UpkeepStep, authorise,
};
use portcullis::store::archive::{ArchiveError, ArchiveFolder, Catalogue};
use portcullis::store::{ArchivedUpTo, Journalled, ROWS_MAX, Store, Verified, Verifying};
use tokio::sync::mpsc;

use crate::spy::SpyStore;
use crate::world::{
    ACCOUNT, ACCOUNT_NUMBER, NEW_SIM, NUMBER, OLD_SIM, PIN, World, carrier, customer, port_out, requester,
};

pub(crate) fn admin() -> Requester {
    requester(Role::Admin, "operator-1")
}

/// A run to its end.
pub(crate) async fn archive_by(engine: &Arc<Engine>) -> Result<Archiving, ServiceError> {
    let (tell, mut told) = mpsc::channel(4);
    let listen = async { while told.recv().await.is_some() {} };
    let run = engine.archive_records(authorise(admin()).unwrap(), None, tell);
    tokio::join!(run, listen).0
}

pub(crate) async fn archive(world: &World) -> Archiving {
    archive_by(&world.engine).await.unwrap()
}

pub(crate) async fn journal(world: &World) -> Vec<Journalled> {
    world.store.journal(0, 0, ROWS_MAX).await.unwrap()
}

/// Every place of a journal that is in the archive or in the store, in order.
async fn everywhere(world: &World) -> Vec<(u64, RecordId)> {
    let signer = RecordSigner::new(&world.keyring);
    let folder = ArchiveFolder::make(&world.archive_folder()).unwrap();
    let catalogue = Catalogue::read(&folder, &signer).unwrap();
    let mut found = Vec::new();
    catalogue
        .read_segments(&folder, |segment| {
            found.extend(segment.records().iter().map(|record| (record.place, record.id)));
            Ok(())
        })
        .unwrap();
    let gone = world.store.archived(0).await.unwrap();
    catalogue.covers(0, gone.as_ref()).unwrap();
    // While a segment's records leave the store some are in both.
    let reached = found.last().map_or(0, |(place, _)| *place);
    found
        .extend(journal(world).await.iter().filter(|entry| entry.place > reached).map(|entry| (entry.place, entry.id)));
    found
}

fn places(records: &[Journalled]) -> Vec<(u64, RecordId)> {
    records.iter().map(|entry| (entry.place, entry.id)).collect()
}

/// Some decisions, asked for now.
pub(crate) async fn decisions(world: &World, count: usize) -> Vec<RecordId> {
    let mut made = Vec::new();
    for _ in 0..count {
        made.push(world.decide(carrier(), world.port()).await.unwrap().id());
    }
    made
}

/// A world with records of long ago and of today.
pub(crate) async fn aged() -> (World, Vec<RecordId>, Vec<RecordId>) {
    let world = World::populated().await;
    let old = decisions(&world, 5).await;
    world.pass(TimeDelta::days(91));
    let new = decisions(&world, 3).await;
    (world, old, new)
}

#[tokio::test]
async fn what_is_old_leaves_and_all_that_is_asked_is_answered_rightly() {
    let (world, old, new) = aged().await;
    let before = journal(&world).await;
    let done = archive(&world).await;
    assert_eq!((done.segments, done.written, done.taken_out), (1, 6, 6), "the account's beginning and five decisions");
    let everything = everywhere(&world).await;
    assert_eq!(everything[..before.len()], places(&before), "every record is in one of both, in its place");
    assert_eq!(archive(&world).await, Archiving::default(), "a second run has nothing to do");

    let who = authorise(customer()).unwrap();
    let account = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
    let page = world.engine.list_activity(&who, &account, None, ACTIVITY_PAGE_MAX).await.unwrap();
    let listed: Vec<RecordId> = page.records.iter().map(|kept| kept.record().id).collect();
    assert_eq!(listed, new.iter().rev().copied().collect::<Vec<_>>());
    assert!(page.older_archived && page.next.is_none(), "the history ends, and says why");
    let first = world.engine.list_activity(&who, &account, None, 2).await.unwrap();
    assert!(!first.older_archived, "not on a page that does not reach it");
    let beyond = world.engine.list_activity(&who, &account, Some(old[0]), 2).await.unwrap();
    assert!(beyond.records.is_empty() && beyond.older_archived);

    // A record of that time is told of by its time alone, whoever asks and whether it ever was.
    let made_up = RecordId::from_u128(old[0].as_u128() ^ 0xfff0);
    for id in [old[0], made_up] {
        let told = world.engine.get_decision(&authorise(carrier()).unwrap(), id, None).await;
        assert!(matches!(told, Err(ServiceError::Refused(Refusal::RecordArchived))), "{told:?}");
    }
    let unknown = RecordId::from_u128(new[0].as_u128() ^ 0xfff0);
    let told = world.engine.get_decision(&authorise(carrier()).unwrap(), unknown, None).await;
    assert!(matches!(told, Err(ServiceError::NotFound("decision"))), "{told:?}");
    assert!(world.engine.get_decision(&authorise(carrier()).unwrap(), new[0], None).await.is_ok());

    // And the day goes on.
    let question = world.approved(world.question(port_out(crate::world::GAINING), Channel::App));
    let approved = world.decide(customer(), question.clone()).await.unwrap();
    let again = world.decide(customer(), question).await.unwrap();
    assert_eq!(again.id(), approved.id());
    world.lock(customer(), LockSet::Port).await.unwrap();
    let world = world.reopen().await;
    assert_eq!(everywhere(&world).await[..before.len()], places(&before));
}

#[tokio::test]
async fn a_permit_that_is_open_is_redeemed_though_all_before_it_has_left() {
    let (world, _, _) = aged().await;
    let question = world.approved(world.sim_change(Channel::App));
    let approved = world.decide(customer(), question).await.unwrap();
    archive(&world).await;
    let permit = approved.permit.clone().unwrap();
    world.redeem(customer(), &permit, crate::world::sim_to(NEW_SIM)).await.unwrap();
    let twice = world.redeem(customer(), &permit, crate::world::sim_to(NEW_SIM)).await;
    assert!(matches!(twice, Err(ServiceError::Refused(Refusal::PermitUsed))), "{twice:?}");
}

/// Not the newest record of an account either: its head holds the place where its chain goes on.
#[tokio::test]
async fn an_account_of_which_everything_has_left_goes_on() {
    let world = World::populated().await;
    decisions(&world, 2).await;
    world.pass(TimeDelta::days(200));
    assert_eq!(archive(&world).await.taken_out, 3);
    let who = authorise(customer()).unwrap();
    let account = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
    let page = world.engine.list_activity(&who, &account, None, 10).await.unwrap();
    assert!(page.records.is_empty() && page.older_archived);
    decisions(&world, 1).await;
    let page = world.engine.list_activity(&who, &account, None, 10).await.unwrap();
    assert_eq!((page.records.len(), page.records[0].record().seq, page.older_archived), (1, 4, true));
}

#[tokio::test]
async fn a_run_that_ends_anywhere_loses_nothing_and_the_next_one_goes_on() {
    for steps in 0..8 {
        let (world, _, _) = aged().await;
        let before = places(&journal(&world).await);
        let spy = SpyStore::over(world.store.clone());
        // Records leave two by two, and after so many steps the store is gone.
        spy.forget_haltingly(2, steps);
        let engine = Engine::new(world.parts(spy)).unwrap();
        let ended = archive_by(&engine).await;
        let gone = world.store.archived(0).await.unwrap().map_or(0, |gone: ArchivedUpTo| gone.place);
        assert_eq!(ended.is_err(), steps <= 3, "after {steps} steps: {ended:?}");
        assert_eq!(everywhere(&world).await[..before.len()], before[..], "after {steps} steps, up to {gone}");
        drop(engine);
        let world = world.reopen().await;
        let rest = archive(&world).await;
        assert_eq!(rest.written, 0, "the segment is there already");
        assert_eq!(rest.taken_out, 6_u64.saturating_sub(2 * u64::try_from(steps).unwrap()));
        assert_eq!(everywhere(&world).await[..before.len()], before[..]);
        assert!(journal(&world).await.iter().all(|entry| entry.id.minted_at() > crate::world::start()));
    }
}

/// Seals everything anew under a new key; the store and the archive then name both.
async fn rotated(world: World) -> World {
    let world = world.reopen_under(|keys| keys.rotate(Purpose::Seal, crate::world::start()).unwrap()).await;
    let (tell, mut told) = mpsc::channel(64);
    let sealing = world.engine.clone().reseal(authorise(admin()).unwrap(), 1_000_000, tell);
    tokio::join!(sealing, async { while told.recv().await.is_some() {} });
    world
}

#[tokio::test]
async fn a_run_goes_on_though_all_was_sealed_anew_meanwhile() {
    let (world, _, _) = aged().await;
    let before = places(&journal(&world).await);
    let spy = SpyStore::over(world.store.clone());
    spy.forget_haltingly(2, 1);
    let engine = Engine::new(world.parts(spy)).unwrap();
    archive_by(&engine).await.unwrap_err();
    drop(engine);
    let there = journal(&world).await;
    let world = rotated(world).await;
    assert_ne!(journal(&world).await[0].body, there[0].body, "sealed anew, other bytes");
    assert_eq!(archive(&world).await.taken_out, 4);
    assert_eq!(everywhere(&world).await[..before.len()], before[..]);
}

#[tokio::test]
async fn a_key_that_the_archive_needs_is_not_retired() {
    let (world, _, _) = aged().await;
    archive(&world).await;
    let world = rotated(world).await;
    let uses = async |world: &World| {
        let (tell, mut told) = mpsc::channel(64);
        let counting = world.engine.clone().count_key_uses(authorise(admin()).unwrap(), tell);
        let last = async {
            let mut last = None;
            while let Some(step) = told.recv().await {
                last = Some(step.unwrap());
            }
            last
        };
        let Some(UpkeepStep::Counted { uses, .. }) = tokio::join!(counting, last).1 else { panic!("not counted") };
        uses.iter().find(|found| (found.purpose, found.number) == (Purpose::Seal, 1)).unwrap().uses
    };
    assert_eq!(uses(&world).await, 6, "the records of the segment, and none of the store");
    let name = world.engine.list_segments(&who_reads()).await.unwrap()[0].manifest.name();
    world.pass(TimeDelta::days(1_095));
    world.engine.delete_segment(authorise(admin()).unwrap(), name).await.unwrap();
    assert_eq!(uses(&world).await, 0);
}

#[tokio::test]
async fn what_a_run_left_half_written_is_written_anew() {
    let (world, _, _) = aged().await;
    let before = places(&journal(&world).await);
    let folder = world.archive_folder();
    fs::create_dir_all(&folder).unwrap();
    let name = SegmentName { journal: 0, first: 1, last: 6 };
    fs::write(folder.join(format!("{name}.segment")), "the power failed before its manifest").unwrap();
    fs::write(folder.join(format!("{name}.manifest.json.tmp")), "{").unwrap();
    let longer = SegmentName { last: 7, ..name };
    fs::write(folder.join(format!("{longer}.segment")), "of an earlier run").unwrap();
    assert_eq!(archive(&world).await.taken_out, 6);
    assert_eq!(everywhere(&world).await[..before.len()], before[..]);
    let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "a segment, its manifest and the lock: {left:?}");
}

#[tokio::test]
async fn a_caller_who_goes_away_ends_the_run_between_two_steps() {
    let (world, _, _) = aged().await;
    let before = places(&journal(&world).await);
    let (tell, told) = mpsc::channel(1);
    drop(told);
    let done = world.engine.archive_records(authorise(admin()).unwrap(), None, tell).await.unwrap();
    assert_eq!((done.written, done.segments), (6, 0));
    assert_eq!(everywhere(&world).await[..before.len()], before[..]);
    archive(&world).await;
    assert_eq!(world.store.archived(0).await.unwrap().map(|gone| gone.place), Some(6));
}

pub(crate) fn file(folder: &Path, suffix: &str) -> std::path::PathBuf {
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.to_str().unwrap().ends_with(suffix));
    found.sort();
    found.pop().unwrap()
}

/// Two segments, and records that could follow.
pub(crate) async fn two_segments() -> World {
    let (world, _, _) = aged().await;
    archive(&world).await;
    world.pass(TimeDelta::days(91));
    archive(&world).await;
    decisions(&world, 2).await;
    world.pass(TimeDelta::days(91));
    world
}

#[tokio::test]
async fn an_archive_that_does_not_hold_is_added_to_no_further() {
    type Spoil = fn(&Path);
    type Expected = fn(&ArchiveError) -> bool;
    let spoils: [(Spoil, Expected); 4] = [
        (
            |folder| {
                let path = file(folder, ".manifest.json");
                let json = fs::read_to_string(&path).unwrap();
                fs::write(path, json.replacen("\"journal\": 0", "\"journal\": 1", 1)).unwrap();
            },
            |error| matches!(error, ArchiveError::Manifest { .. }),
        ),
        (
            |folder| {
                let path = file(folder, ".manifest.json");
                let json = fs::read_to_string(&path).unwrap();
                fs::write(path, json.replacen("\"bytes\": ", "\"bytes\": 1", 1)).unwrap();
            },
            |error| matches!(error, ArchiveError::Signature { .. }),
        ),
        (
            |folder| fs::remove_file(file(folder, ".manifest.json")).unwrap(),
            |error| matches!(error, ArchiveError::TailMissing { .. }),
        ),
        (|folder| fs::remove_dir_all(folder).unwrap(), |error| matches!(error, ArchiveError::TailMissing { .. })),
    ];
    for (number, (spoil, expected)) in spoils.into_iter().enumerate() {
        let world = two_segments().await;
        spoil(&world.archive_folder());
        let (there, gone) = (journal(&world).await, world.store.archived(0).await.unwrap());
        let refused = archive_by(&world.engine).await.unwrap_err();
        assert!(matches!(&refused, ServiceError::Archive(error) if expected(error)), "{number}: {refused}");
        assert_eq!((journal(&world).await, world.store.archived(0).await.unwrap()), (there, gone), "{number}");
    }
}

/// A backup that was put back has forgotten what was archived since, and gives its places to other records.
#[tokio::test]
async fn records_that_are_not_the_segments_own_stay_in_the_store() {
    let (world, _, _) = aged().await;
    let world = world.with_backup(async |world| {
        decisions(&world, 2).await;
        world.pass(TimeDelta::days(91));
        archive(&world).await;
        assert_eq!(world.store.archived(0).await.unwrap().map(|gone| gone.place), Some(11));
        world
    });
    let world = world.await;
    assert_eq!(world.store.archived(0).await.unwrap(), None);
    decisions(&world, 2).await;
    world.pass(TimeDelta::days(91));
    let there = journal(&world).await;
    let refused = archive_by(&world.engine).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Archive(ArchiveError::NotTheStores { .. })), "{refused}");
    assert_eq!(journal(&world).await, there);
}

#[tokio::test]
async fn a_segment_is_deleted_in_its_time_and_in_its_turn() {
    let world = two_segments().await;
    let who = || authorise(admin()).unwrap();
    let shelf = world.engine.list_segments(&authorise(requester(Role::Auditor, "auditor-1")).unwrap()).await.unwrap();
    let [first, second] = &shelf[..] else { panic!("{shelf:?}") };
    let delete = async |segment| world.engine.delete_segment(who(), segment).await;
    let (first, second) = (&first.manifest, &second.manifest);

    let may_go = may_go_from(first.summary.last_at, 1_095);
    assert_eq!(shelf[0].state, SegmentState::KeptUntil(may_go));
    let early = delete(first.name()).await.unwrap_err();
    assert!(matches!(early, ServiceError::KeptUntil(at) if at == may_go), "{early}");
    assert!(early.to_string().ends_with("2029-09-20T14:13:20Z"), "{early}");
    world.pass(may_go - world.now() - TimeDelta::milliseconds(1));
    assert!(matches!(delete(first.name()).await, Err(ServiceError::KeptUntil(_))), "not a moment too early");
    world.pass(TimeDelta::days(400));
    let turn = delete(second.name()).await;
    assert!(matches!(turn, Err(ServiceError::Refused(Refusal::SegmentNotOldest))), "{turn:?}");
    let unknown = delete(SegmentName { journal: 0, first: 1, last: 2 }).await;
    assert!(matches!(unknown, Err(ServiceError::NotFound("segment"))), "{unknown:?}");

    let gone = delete(first.name()).await.unwrap();
    assert_eq!(gone.state, SegmentState::DeletedAt(world.now()));
    let twice = delete(first.name()).await;
    assert!(matches!(twice, Err(ServiceError::Refused(Refusal::SegmentGone))), "{twice:?}");
    let signer = RecordSigner::new(&world.keyring);
    let catalogue = Catalogue::read(&ArchiveFolder::open(&world.archive_folder()).unwrap(), &signer).unwrap();
    let journal = catalogue.journal(0).unwrap();
    assert_eq!((journal.segments, journal.deleted, journal.deleted_up_to), (1, 1, first.summary.last));
    archive(&world).await;
    delete(second.name()).await.unwrap();
    let states: Vec<_> = world.engine.list_segments(&who_reads()).await.unwrap().iter().map(|s| s.state).collect();
    assert!(matches!(states[..], [SegmentState::DeletedAt(_), SegmentState::DeletedAt(_), SegmentState::KeptUntil(_)]));
}

pub(crate) fn who_reads() -> portcullis::service::Authorised<portcullis::service::right::ReadArchive> {
    authorise(admin()).unwrap()
}

#[tokio::test]
async fn it_is_the_houses_matter_and_needs_a_folder_and_old_records() {
    let (world, _, _) = aged().await;
    let mut stranger = admin();
    stranger.brand = portcullis::domain::Brand::parse("other").unwrap();
    let (tell, _told) = mpsc::channel(64);
    let refused = world.engine.archive_records(authorise(stranger).unwrap(), None, tell).await;
    assert!(matches!(refused, Err(ServiceError::Refused(Refusal::HouseOnly))), "{refused:?}");
    let (tell, _told) = mpsc::channel(64);
    let young = Some(world.now() - TimeDelta::days(90) + TimeDelta::milliseconds(1));
    let refused = world.engine.archive_records(authorise(admin()).unwrap(), young, tell).await;
    assert!(matches!(refused, Err(ServiceError::Invalid { field: "before_time", .. })), "{refused:?}");
    let without = Engine::new(Parts { archive: None, ..world.parts(world.store.clone()) }).unwrap();
    let refused = archive_by(&without).await;
    assert!(matches!(refused, Err(ServiceError::Refused(Refusal::ArchiveOff))), "{refused:?}");
    let lock = ArchiveFolder::make(&world.archive_folder()).unwrap().lock().unwrap();
    let refused = archive_by(&world.engine).await;
    assert!(matches!(refused, Err(ServiceError::Archive(ArchiveError::InUse))), "{refused:?}");
    drop(lock);
    assert_eq!(archive(&world).await.taken_out, 6);
}

#[tokio::test]
async fn a_segment_shows_no_number_and_no_secret() {
    let world = World::populated().await;
    let mut question = world.sim_change(Channel::Store);
    question.evidence.account_pin = Some(portcullis::domain::PinDigits::parse_offered(PIN).unwrap());
    world.decide(crate::world::clerk(), question).await.unwrap();
    decisions(&world, 2).await;
    world.pass(TimeDelta::days(91));
    assert!(archive(&world).await.taken_out > 2);
    let bytes: Vec<u8> = fs::read_dir(world.archive_folder())
        .unwrap()
        .flat_map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .collect();
    assert!(bytes.len() > 1_000);
    for secret in [
        NUMBER,
        NUMBER.trim_start_matches('+'),
        PIN,
        ACCOUNT_NUMBER,
        ACCOUNT,
        OLD_SIM,
        NEW_SIM,
        "line-1",
        "porting-hub",
    ] {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "`{secret}` stands in the archive");
    }
}

/// Verifies one account's chain, or all; what holds, and what does not.
pub(crate) async fn verified(world: &World, one: Option<&str>) -> Result<(Verified, Vec<Fault>), ServiceError> {
    verified_by(&world.engine, one).await
}

pub(crate) async fn verified_by(
    engine: &Arc<Engine>,
    one: Option<&str>,
) -> Result<(Verified, Vec<Fault>), ServiceError> {
    let account = one.map(|id| AccountId::parse(id).unwrap());
    let who = authorise(requester(Role::Auditor, "auditor-1")).unwrap();
    let mut verification = engine.verify(&who, account, None).await?;
    let mut faults = Vec::new();
    while let Some(step) = verification.steps.recv().await {
        if let Verifying::Found(fault) = step {
            faults.push(fault);
        }
    }
    Ok((verification.end.await.unwrap()?, faults))
}

#[tokio::test]
async fn chains_are_verified_through_the_archive_and_the_store() {
    let world = two_segments().await;
    for one in [None, Some(ACCOUNT)] {
        let (verified, faults) = verified(&world, one).await.unwrap();
        assert_eq!(faults, [], "{one:?}");
        let gone = world.store.archived(0).await.unwrap().unwrap();
        assert!(verified.records >= 11 && gone.place >= 9, "{verified:?}, {gone:?}");
    }
    let segments = world.engine.list_segments(&who_reads()).await.unwrap();
    world.pass(TimeDelta::days(1_095));
    world.engine.delete_segment(authorise(admin()).unwrap(), segments[0].manifest.name()).await.unwrap();
    for one in [None, Some(ACCOUNT)] {
        assert_eq!(verified(&world, one).await.unwrap().1, [], "what was deleted in its time is no fault");
    }
}

#[tokio::test]
async fn a_chain_is_not_verified_by_an_archive_that_does_not_hold() {
    type Spoil = fn(&Path);
    let spoils: [Spoil; 3] = [
        |folder| fs::remove_file(file(folder, ".segment")).unwrap(),
        |folder| {
            let path = file(folder, ".segment");
            let mut bytes = fs::read(&path).unwrap();
            bytes[80] ^= 1;
            fs::write(path, bytes).unwrap();
        },
        |folder| fs::remove_dir_all(folder).unwrap(),
    ];
    for (number, spoil) in spoils.into_iter().enumerate() {
        let world = two_segments().await;
        spoil(&world.archive_folder());
        for one in [None, Some(ACCOUNT)] {
            let found = verified(&world, one).await;
            assert!(matches!(found, Err(ServiceError::Archive(_))), "{number}: {found:?}");
        }
    }
}

#[tokio::test]
async fn a_record_that_is_missing_between_archive_and_store_is_found() {
    let (world, _, new) = aged().await;
    archive(&world).await;
    let first = new[0].to_bytes();
    let world = world.reopen_altered(|db| {
        let gone = db.execute("DELETE FROM records WHERE id = ?1", [&first[..]]).unwrap();
        assert_eq!(gone, 1);
    });
    let (_, faults) = verified(&world.await, None).await.unwrap();
    assert!(faults.iter().any(|fault| fault.kind == FaultKind::RecordMissing), "{faults:?}");
}
