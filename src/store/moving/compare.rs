//! Both stores read again, and held against each other: nothing is believed because it was sent.
//!
//! Rows, records, names and due entries are read whole on both sides; of each kind and partition their number and a digest
//! of all of them must be the same, and records must stand in the same order. Requests' keys and windows go while they
//! are counted, so each that the source still has is looked up in the target.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::contract::{Mark, Movable, Page, Thing, Walked};
use super::copying::Moving;
use super::read::{Order, Reading};
use super::stage::Stage;
use super::tally::{Counts, Kind, Tally};
use crate::crypto::{Partition, sha256};
use crate::store::contract::{ChargeWindows, ROWS_MAX, StoreError, WindowKey};

/// What both stores hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// How much of each kind.
    pub counts: Counts,
    /// Partitions that have records: each is a ledger of its own.
    pub ledgers: u64,
    /// A digest of the heads of all ledgers: two stores of the same records have the same.
    pub heads: [u8; 32],
}

/// Something that the stores do not have alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// Of which kind.
    pub kind: Kind,
    /// In which partition; nothing where it is of the whole store.
    pub partition: Option<Partition>,
    /// How many the source has.
    pub source: u64,
    /// How many of them the target has.
    pub target: u64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind.name())?;
        if let Some(partition) = self.partition {
            write!(f, " of partition {}", partition.number())?;
        }
        if self.source == self.target {
            write!(f, ": {} in both, and they are not the same", self.source)
        } else {
            write!(f, ": {} in the source, {} in the target", self.source, self.target)
        }
    }
}

/// Kinds that are read whole on both sides.
const TALLIED: [Kind; 8] = [
    Kind::Accounts,
    Kind::Credentials,
    Kind::Documents,
    Kind::Lines,
    Kind::Permits,
    Kind::Records,
    Kind::Names,
    Kind::Due,
];

/// Compares two stores. What is different, if anything is.
pub(super) async fn compare(
    source: &Arc<dyn Movable>,
    target: &Arc<dyn Movable>,
    tell: &mut (dyn FnMut(Moving) + Send),
) -> Result<Result<Compared, Vec<Difference>>, StoreError> {
    let (of_source, of_target, counts) = both(source, target, tell).await?;
    let mut differences = Vec::new();
    for kind in TALLIED {
        for partition in Partition::all() {
            let (one, other) = (of_source.of(kind, partition), of_target.of(kind, partition));
            if one != other {
                let (source, target) = (one.count, other.count);
                differences.push(Difference { kind, partition: Some(partition), source, target });
            }
        }
    }
    let mut counts = counts;
    for kind in [Walked::Requests, Walked::Windows] {
        looked_up(&**source, &**target, kind, &mut counts, &mut differences).await?;
    }
    let (archived, found) = (source.all_archived().await?, target.all_archived().await?);
    if archived != found {
        let (source, target) = (archived.len() as u64, found.len() as u64);
        differences.push(Difference { kind: Kind::Archived, partition: None, source, target });
    }
    counts.add(&archived.into_iter().map(|(journal, up_to)| Thing::Archived(journal, up_to)).collect::<Vec<_>>());
    if !differences.is_empty() {
        return Ok(Err(differences));
    }
    let heads: Vec<_> = Partition::all().map(|partition| of_target.of(Kind::Records, partition)).collect();
    let ledgers = heads.iter().filter(|head| head.count > 0).count() as u64;
    let digests: Vec<&[u8]> = heads.iter().map(|head| &head.digest[..]).collect();
    Ok(Ok(Compared { counts, ledgers, heads: sha256(&digests) }))
}

/// Both sides read at the same time, and how much there was in the target.
async fn both(
    source: &Arc<dyn Movable>,
    target: &Arc<dyn Movable>,
    tell: &mut (dyn FnMut(Moving) + Send),
) -> Result<(Tally, Tally, Counts), StoreError> {
    let (told, mut heard) = mpsc::channel(16);
    let mut sides = JoinSet::new();
    for (number, store) in [source, target].into_iter().enumerate() {
        let (store, told) = (Arc::clone(store), told.clone());
        sides.spawn(async move { (number, tallied(store, &told).await) });
    }
    drop(told);
    let mut read = 0_u64;
    while let Some(more) = heard.recv().await {
        read = read.saturating_add(more);
        tell(Moving::Compared(read));
    }
    let (mut of_source, mut of_target) = (None, None);
    let broken = || StoreError::Unavailable("the work was not carried to its end".to_owned());
    while let Some(side) = sides.join_next().await {
        let (number, tally) = side.map_err(|_| broken())?;
        *if number == 0 { &mut of_source } else { &mut of_target } = Some(tally?);
    }
    let ((of_source, _), (of_target, counts)) = of_source.zip(of_target).ok_or_else(broken)?;
    Ok((of_source, of_target, counts))
}

async fn tallied(store: Arc<dyn Movable>, told: &mpsc::Sender<u64>) -> Result<(Tally, Counts), StoreError> {
    let mut reading = Reading::new(store, Order::ByJournal);
    let (mut tally, mut counts, mut stage) = (Tally::new(), Counts::default(), Stage::Rows(None, None));
    while !matches!(stage, Stage::Walked(Walked::Requests, _) | Stage::Over) {
        let (things, behind) = reading.next(&stage).await?;
        for thing in &things {
            tally.take(thing);
        }
        counts.add(&things);
        stage = behind;
        // Who no longer listens hears of the end all the same.
        let _ = told.send(things.len() as u64).await;
    }
    Ok((tally, counts))
}

/// Looks all of a kind that the source has up in the target.
async fn looked_up(
    source: &dyn Movable,
    target: &dyn Movable,
    kind: Walked,
    counts: &mut Counts,
    differences: &mut Vec<Difference>,
) -> Result<(), StoreError> {
    let mut missed: BTreeMap<(Kind, Partition), (u64, u64)> = BTreeMap::new();
    let mut after: Option<Mark> = None;
    loop {
        let Page { things, next } = source.walk(kind, after, ROWS_MAX).await?;
        let found = found(target, &things).await?;
        for (thing, is_found) in things.iter().zip(found) {
            let (kind, partition) = match thing {
                Thing::Request(request) => (Kind::Requests, request.request.partition()),
                Thing::Window(window) => (Kind::Windows, window.key.partition),
                _ => continue,
            };
            let (all, there) = missed.entry((kind, partition)).or_default();
            *all = all.saturating_add(1);
            *there = there.saturating_add(u64::from(is_found));
        }
        counts.add(&things);
        after = next;
        if after.is_none() {
            break;
        }
    }
    let differs = |((kind, partition), (source, target)): ((Kind, Partition), (u64, u64))| {
        (source != target).then_some(Difference { kind, partition: Some(partition), source, target })
    };
    differences.extend(missed.into_iter().filter_map(differs));
    Ok(())
}

/// Whether each of some things is in the target as it is here.
async fn found(target: &dyn Movable, things: &[Thing]) -> Result<Vec<bool>, StoreError> {
    let mut names = Vec::new();
    let mut reads: Vec<WindowKey> = Vec::new();
    for thing in things {
        match thing {
            Thing::Request(request) => names.push(request.request),
            Thing::Window(window) => reads.push(window.key),
            _ => {}
        }
    }
    let mut requests = target.requests(names).await?.into_iter();
    let mut windows = Vec::with_capacity(reads.len());
    for some in reads.chunks(ROWS_MAX) {
        let Some(any) = some.first() else { break };
        let read = ChargeWindows {
            charges: Vec::new(),
            reads: some.to_vec(),
            attempt: any.token,
            now: chrono::DateTime::UNIX_EPOCH,
        };
        windows.extend(target.charge(read).await?);
    }
    let mut windows = windows.into_iter();
    let is_found = |thing: &Thing| match thing {
        Thing::Request(request) => requests
            .next()
            .flatten()
            .is_some_and(|found| (found.digest, found.record) == (request.digest, request.record)),
        Thing::Window(window) => windows.next().is_some_and(|found| found == window.window),
        _ => true,
    };
    Ok(things.iter().map(is_found).collect())
}
