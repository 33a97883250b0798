//! What a run over the archive does before it takes anything out, and what it leaves where it is.

use std::fs;

use chrono::TimeDelta;
use portcullis::audit::{Event, SegmentTrace};
use portcullis::service::{Engine, Parts, Refusal, SegmentState, ServiceError, UpkeepStep, authorise};
use portcullis::store::Store;
use portcullis::store::archive::{ArchiveError, ArchiveFolder};
use tokio::sync::mpsc;

use crate::archive::{
    admin, aged, archive, archive_by, decisions, file, journal, two_segments, verified, verified_by, who_reads,
};
use crate::ledger::events;
use crate::spy::SpyStore;
use crate::world::{ACCOUNT, World};

/// The outermost records of a segment that the ledger tells of last.
fn told(events: &[Event]) -> Option<(u64, u64)> {
    match events.last() {
        Some(
            Event::SegmentArchived(SegmentTrace { first, last, .. })
            | Event::SegmentDeleted(SegmentTrace { first, last, .. }),
        ) => Some((*first, *last)),
        _ => None,
    }
}

/// A world whose run ended after so many steps of two records each.
async fn halted(steps: usize) -> World {
    let (world, _, _) = aged().await;
    let spy = SpyStore::over(world.store.clone());
    spy.forget_haltingly(2, steps);
    let engine = Engine::new(world.parts(spy)).unwrap();
    archive_by(&engine).await.unwrap_err();
    world
}

#[tokio::test]
async fn that_records_leave_is_on_record_before_the_first_one_does() {
    let world = halted(0).await;
    assert_eq!(world.store.archived(0).await.unwrap(), None);
    let noted = events(&world).await;
    assert!(matches!(noted.last(), Some(Event::SegmentArchived(_))), "{noted:?}");
    assert_eq!(told(&noted), Some((1, 6)));
}

/// What an earlier run wrote is read back from the disk before anything more leaves.
#[tokio::test]
async fn what_was_written_and_then_changed_takes_nothing_out() {
    let world = halted(1).await;
    let path = file(&world.archive_folder(), ".segment");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let there = journal(&world).await;
    let refused = archive_by(&world.engine).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Archive(ArchiveError::SegmentDamaged { .. })), "{refused}");
    assert_eq!(journal(&world).await, there);
}

/// A store that was put back lacks the segment's last records: the places would be given again.
#[tokio::test]
async fn a_segment_with_more_than_the_store_has_takes_nothing_out() {
    let (world, _, _) = aged().await;
    let world = world.with_backup(async |world| {
        decisions(&world, 2).await;
        world.pass(TimeDelta::days(91));
        archive(&world).await;
        world
    });
    let world = world.await;
    let there = journal(&world).await;
    let refused = archive_by(&world.engine).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Archive(ArchiveError::NotTheStores { .. })), "{refused}");
    assert_eq!((journal(&world).await, world.store.archived(0).await.unwrap()), (there, None));
}

#[tokio::test]
async fn a_deletion_is_on_record_and_has_its_tombstone_before_anything_goes() {
    let world = two_segments().await;
    let name = world.engine.list_segments(&who_reads()).await.unwrap()[0].manifest.name();
    world.pass(TimeDelta::days(1_095));
    // Where the tombstone would be written there is something else.
    let in_the_way = world.archive_folder().join(format!("{name}.deleted.json.tmp"));
    fs::create_dir(&in_the_way).unwrap();
    let failed = world.engine.delete_segment(authorise(admin()).unwrap(), name).await.unwrap_err();
    assert!(matches!(failed, ServiceError::Archive(ArchiveError::Io { .. })), "{failed}");
    let noted = events(&world).await;
    assert!(matches!(noted.last(), Some(Event::SegmentDeleted(_))), "{noted:?}");
    assert_eq!(told(&noted), Some((name.first, name.last)));
    for suffix in [".segment", ".manifest.json"] {
        assert!(world.archive_folder().join(format!("{name}{suffix}")).exists(), "{suffix}");
    }
    fs::remove_dir(in_the_way).unwrap();
    let gone = world.engine.delete_segment(authorise(admin()).unwrap(), name).await.unwrap();
    assert!(matches!(gone.state, SegmentState::DeletedAt(_)));
}

#[tokio::test]
async fn who_writes_has_the_folder_alone() {
    let world = two_segments().await;
    let name = world.engine.list_segments(&who_reads()).await.unwrap()[0].manifest.name();
    world.pass(TimeDelta::days(1_095));
    let folder = ArchiveFolder::make(&world.archive_folder()).unwrap();
    let in_use = |told: &ServiceError| matches!(told, ServiceError::Archive(ArchiveError::InUse));
    let writing = folder.lock().unwrap();
    let deleted = world.engine.delete_segment(authorise(admin()).unwrap(), name).await.unwrap_err();
    assert!(in_use(&deleted), "{deleted}");
    let read = verified(&world, None).await.unwrap_err();
    assert!(in_use(&read), "{read}");
    drop(writing);
    let reading = folder.lock_to_read().unwrap();
    let run = archive_by(&world.engine).await.unwrap_err();
    assert!(in_use(&run), "{run}");
    verified(&world, None).await.expect("who reads is not alone");
    drop(reading);
    world.engine.delete_segment(authorise(admin()).unwrap(), name).await.unwrap();
}

/// INVARIANT (fail-closed): without its folder nobody can say what an archive holds, or which keys it needs.
#[tokio::test]
async fn an_archive_whose_folder_is_not_named_is_not_taken_for_none() {
    let world = two_segments().await;
    let without = Engine::new(Parts { archive: None, ..world.parts(world.store.clone()) }).unwrap();
    for one in [None, Some(ACCOUNT)] {
        let read = verified_by(&without, one).await;
        assert!(matches!(read, Err(ServiceError::Refused(Refusal::ArchiveOff))), "{read:?}");
    }
    let (tell, mut steps) = mpsc::channel(64);
    let counting = without.count_key_uses(authorise(admin()).unwrap(), tell);
    let last = async {
        let mut last = None;
        while let Some(step) = steps.recv().await {
            last = Some(step);
        }
        last
    };
    let ((), last) = tokio::join!(counting, last);
    let counted: Option<Result<UpkeepStep, ServiceError>> = last;
    assert!(matches!(counted, Some(Err(ServiceError::Refused(Refusal::ArchiveOff)))), "{counted:?}");
}
