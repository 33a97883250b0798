//! `kill -9` while old records leave the store: every one of them is in the store or in the archive, at any moment.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::crypto::{Ids, Keyring, RecordSigner, Token};
use portcullis::domain::RecordId;
use portcullis::grpc::pb::v1 as pb;
use portcullis::store::archive::{ArchiveFolder, Catalogue};
use portcullis::store::embedded::{EmbeddedStore, OpenOptions};
use portcullis::store::{Commit, NewRecord, ROWS_MAX, Store, Urgency};

use crate::service::{Home, Service, now};

const COMMITS: usize = 12;
const RECORDS_PER_COMMIT: usize = 250;
/// After how many messages of a run the service is killed, run by run; then one runs to its end.
const KILLED_AFTER: [usize; 6] = [0, 0, 1, 2, 1, 3];

type Record = (u64, RecordId, Vec<u8>);

struct Place {
    home: Home,
    keyring: Keyring,
}

impl Place {
    fn open(&self) -> EmbeddedStore {
        EmbeddedStore::open(&OpenOptions::new(self.home.store(), self.keyring.marks(), 7)).unwrap()
    }

    fn archive(&self) -> std::path::PathBuf {
        self.home.path().join("archive")
    }

    fn serve(&self) -> Service {
        self.home.serve(&[&format!("archive.folder={}", self.archive().display())])
    }

    /// A store with records of long ago.
    async fn fill(&self, made: DateTime<Utc>) {
        let (store, ids) = (self.open(), Ids::new(&self.keyring));
        for number in 0..COMMITS {
            let token = Token::from_bytes([u8::try_from(number).unwrap() * 20; 16]);
            let record = |body: usize| NewRecord {
                id: RecordId::from_u128(ids.mint(made, token.partition()).unwrap()),
                body: [&[1, 1][..], &(body as u64).to_be_bytes(), &[7; 600]].concat(),
            };
            let commit = Commit {
                account: token,
                now: made,
                urgency: Urgency::Ordinary,
                writes: Vec::new(),
                records: (0..RECORDS_PER_COMMIT).map(record).collect(),
                claim: None,
                settle: Vec::new(),
                due: Vec::new(),
                done: Vec::new(),
            };
            store.commit(commit).await.unwrap();
        }
        store.close().await.unwrap();
    }

    /// What the store has, and how many of its first records were taken out.
    async fn in_store(&self) -> (Vec<Record>, u64) {
        let store = self.open();
        let (mut found, mut after) = (Vec::new(), 0);
        loop {
            let page = store.journal(0, after, ROWS_MAX).await.unwrap();
            let Some(last) = page.last() else { break };
            after = last.place;
            found.extend(page.into_iter().map(|entry| (entry.place, entry.id, entry.body)));
        }
        let archived = store.archived(0).await.unwrap();
        self.catalogue().covers(0, archived.as_ref()).unwrap();
        store.close().await.unwrap();
        (found, archived.map_or(0, |archived| archived.place))
    }

    fn catalogue(&self) -> Catalogue {
        let folder = ArchiveFolder::make(&self.archive()).unwrap();
        Catalogue::read(&folder, &RecordSigner::new(&self.keyring)).unwrap()
    }

    fn in_archive(&self) -> Vec<Record> {
        let mut found = Vec::new();
        self.catalogue()
            .read_segments(&ArchiveFolder::make(&self.archive()).unwrap(), |segment| {
                found.extend(segment.records().iter().map(|r| (r.place, r.id, r.body.to_vec())));
                Ok(())
            })
            .unwrap();
        found
    }
}

/// Runs until the service has told so often how far it is, or to the end; what it told last.
async fn archive(place: &Place, messages: Option<usize>) -> Option<pb::ArchiveRecordsResponse> {
    let service = place.serve();
    let client = place.home.client(&service, &place.home.token("admin", &[])).await;
    let request = pb::ArchiveRecordsRequest { before_time: None };
    let mut told = client.archive_without_deadline().archive_records(request).await.unwrap().into_inner();
    let mut last = None;
    for _ in 0..messages.unwrap_or(usize::MAX) {
        match told.message().await.unwrap() {
            Some(message) => last = Some(message),
            None => break,
        }
    }
    service.kill();
    last
}

fn temporary_files(folder: &Path) -> usize {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "tmp")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_while_it_archives_it_loses_no_record() {
    let home = Home::new();
    let keyring = Keyring::load(&home.path().join("keyring.json")).unwrap();
    let place = Place { home, keyring };
    place.fill(now() - TimeDelta::days(200)).await;
    let (before, _) = place.in_store().await;
    assert_eq!(before.len(), COMMITS * RECORDS_PER_COMMIT);
    for messages in KILLED_AFTER {
        archive(&place, Some(messages)).await;
        let ((store, gone), archived) = (place.in_store().await, place.in_archive());
        // In both, while they leave: then the store's are the segment's own.
        let reached = archived.last().map_or(0, |(place, ..)| *place);
        assert!(gone <= reached, "{gone} taken out and {reached} in the archive");
        let later = store.iter().filter(|(place, ..)| *place > reached);
        let everywhere: Vec<&Record> = archived.iter().chain(later).collect();
        assert!(everywhere.iter().copied().take(before.len()).eq(&before), "after {messages} messages");
        let still: Vec<&Record> = store.iter().filter(|(place, ..)| *place <= reached).collect();
        assert!(archived.iter().filter(|(place, ..)| *place > gone).eq(still), "after {messages} messages");
    }
    let last = archive(&place, None).await.unwrap();
    assert!(last.done, "{last:?}");
    assert!(place.in_archive().iter().take(before.len()).eq(&before));
    let (store, gone) = place.in_store().await;
    assert!(store.iter().all(|(place, ..)| *place > gone) && gone >= before.len() as u64);
    assert_eq!(temporary_files(&place.archive()), 0);
}
