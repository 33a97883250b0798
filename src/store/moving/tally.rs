//! What was met: how much of each kind, and in each partition a digest of all of it.

use super::contract::Thing;
use super::stage::slot_bytes;
use crate::crypto::{Partition, Token, sha256};
use crate::store::contract::Slot;

/// Kinds of things, as people are told of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Heads of accounts.
    Accounts,
    /// Credentials of accounts.
    Credentials,
    /// Documents of ledgers.
    Documents,
    /// Lines.
    Lines,
    /// Permits.
    Permits,
    /// Records.
    Records,
    /// Names of numbers and lines.
    Names,
    /// Due entries.
    Due,
    /// Requests' keys.
    Requests,
    /// Windows.
    Windows,
    /// Journals that records were taken out of.
    Archived,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Accounts,
        Self::Credentials,
        Self::Documents,
        Self::Lines,
        Self::Permits,
        Self::Records,
        Self::Names,
        Self::Due,
        Self::Requests,
        Self::Windows,
        Self::Archived,
    ];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Credentials => "credentials",
            Self::Documents => "documents",
            Self::Lines => "lines",
            Self::Permits => "permits",
            Self::Records => "records",
            Self::Names => "names",
            Self::Due => "due entries",
            Self::Requests => "requests",
            Self::Windows => "windows",
            Self::Archived => "archived journals",
        }
    }

    /// The kind of a row.
    pub const fn of_slot(slot: Slot) -> Self {
        match slot {
            Slot::Head => Self::Accounts,
            Slot::Credentials => Self::Credentials,
            Slot::Document(_) => Self::Documents,
            Slot::Line(_) => Self::Lines,
            Slot::Permit(_) => Self::Permits,
        }
    }

    const fn of(thing: &Thing) -> Self {
        match thing {
            Thing::Row { slot, .. } => Self::of_slot(*slot),
            Thing::Record { .. } => Self::Records,
            Thing::Name(_) => Self::Names,
            Thing::Due(_) => Self::Due,
            Thing::Request(_) => Self::Requests,
            Thing::Window(_) => Self::Windows,
            Thing::Archived(..) => Self::Archived,
        }
    }
}

/// How much there is of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u64; Kind::ALL.len()]);

impl Counts {
    /// Each kind and how much of it.
    pub fn each(&self) -> impl Iterator<Item = (Kind, u64)> {
        Kind::ALL.into_iter().zip(self.0)
    }

    /// Of one kind.
    pub fn of(&self, kind: Kind) -> u64 {
        self.each().find(|(known, _)| *known == kind).map_or(0, |(_, count)| count)
    }

    /// Of all kinds.
    pub fn all(&self) -> u64 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    pub(super) fn add(&mut self, things: &[Thing]) {
        for thing in things {
            let kind = Kind::of(thing);
            for (known, count) in Kind::ALL.into_iter().zip(&mut self.0) {
                *count = count.saturating_add(u64::from(known == kind));
            }
        }
    }

    pub(super) fn read(mut next: impl FnMut() -> Option<u64>) -> Option<Self> {
        let mut counts = Self::default();
        for count in &mut counts.0 {
            *count = next()?;
        }
        Some(counts)
    }
}

/// What was met of one kind in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Met {
    pub(super) count: u64,
    /// Of records, which have an order: the digest of the last one and what was before it, as a chain has it. Of all else:
    /// the sum of the digests of each, whatever the order it came in.
    pub(super) digest: [u8; 32],
}

/// What was met in a store.
pub(super) struct Tally {
    met: Vec<Met>,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self { met: vec![Met::default(); Kind::ALL.len().saturating_mul(usize::from(Partition::COUNT))] }
    }

    /// Takes a thing. What has another form in another store is none of it: the time that something has left, the place
    /// that a record got, and who was asked about.
    pub(super) fn take(&mut self, thing: &Thing) {
        match thing {
            Thing::Row { account, slot, row } => {
                let parts = [&account.as_bytes()[..], &slot_bytes(slot), &row.version.to_be_bytes(), &row.body];
                self.add(Kind::of_slot(*slot), *account, &parts);
            }
            Thing::Record { record, .. } => {
                let Some(met) = self.at(Kind::Records, record.account.partition()) else { return };
                let parts = [&met.digest[..], &record.id.to_bytes(), record.account.as_bytes(), &record.body];
                (met.count, met.digest) = (met.count.saturating_add(1), sha256(&parts));
            }
            Thing::Name(entry) => {
                let parts = [&entry.name.as_bytes()[..], entry.place.account.as_bytes(), entry.place.line.as_bytes()];
                self.add(Kind::Names, entry.name, &parts);
            }
            Thing::Due(due) => {
                let (seconds, nanos) =
                    (due.at.timestamp().to_be_bytes(), due.at.timestamp_subsec_nanos().to_be_bytes());
                let line: &[u8] = due.line.as_ref().map_or(&[], |line| line.as_bytes());
                self.add(Kind::Due, due.account, &[&seconds, &nanos, due.account.as_bytes(), line]);
            }
            // Those are looked up one by one: they go while they are counted.
            Thing::Request(_) | Thing::Window(_) | Thing::Archived(..) => {}
        }
    }

    fn add(&mut self, kind: Kind, name: Token, parts: &[&[u8]]) {
        let Some(met) = self.at(kind, name.partition()) else { return };
        met.count = met.count.saturating_add(1);
        for (sum, byte) in met.digest.chunks_exact_mut(8).zip(sha256(parts).chunks_exact(8)) {
            let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_be_bytes);
            let both = number(sum).wrapping_add(number(byte));
            sum.copy_from_slice(&both.to_be_bytes());
        }
    }

    fn at(&mut self, kind: Kind, partition: Partition) -> Option<&mut Met> {
        self.met.get_mut(place(kind, partition))
    }

    /// What was met of a kind in a partition.
    pub(super) fn of(&self, kind: Kind, partition: Partition) -> Met {
        self.met.get(place(kind, partition)).copied().unwrap_or_default()
    }
}

fn place(kind: Kind, partition: Partition) -> usize {
    (kind as usize).saturating_mul(usize::from(Partition::COUNT)).saturating_add(usize::from(partition.number()))
}
