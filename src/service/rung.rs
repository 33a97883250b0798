//! Which journals may hold something new: told by rings, and of all of them now and then, since a ring can be lost.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};
use tokio::time::Instant;

use super::error::ServiceError;
use crate::crypto::Partition;
use crate::store::Store;

/// How often all journals are looked at though none rang.
const LOOK_AT_ALL_EVERY: Duration = Duration::from_secs(30);

/// Journals that may hold something new.
pub(super) struct Rung {
    journals: BTreeSet<u16>,
    rings: broadcast::Receiver<Partition>,
    look_at_all: Instant,
}

impl Rung {
    /// All of them. Whatever is committed from here on rings.
    pub(super) fn all(store: &dyn Store) -> Self {
        let rings = store.rings();
        Self { journals: (0..store.journals()).collect(), rings, look_at_all: Instant::now() + LOOK_AT_ALL_EVERY }
    }

    /// Those that may hold something now.
    pub(super) fn journals(&self) -> Vec<u16> {
        self.journals.iter().copied().collect()
    }

    /// One gave nothing: whatever comes to it rings again.
    pub(super) fn is_read(&mut self, journal: u16) {
        self.journals.remove(&journal);
    }

    /// Whether any may hold something.
    pub(super) fn any(&self) -> bool {
        !self.journals.is_empty()
    }

    /// All of them may.
    pub(super) fn may_hold_all(&mut self, store: &dyn Store) {
        self.journals.extend(0..store.journals());
    }

    /// Waits until one may hold something. Nothing is lost of it where nobody waits any longer.
    pub(super) async fn heard(&mut self, store: &dyn Store) -> Result<(), ServiceError> {
        let heard = tokio::select! {
            heard = self.rings.recv() => Some(heard),
            () = tokio::time::sleep_until(self.look_at_all) => None,
        };
        match heard {
            None => {
                self.look_at_all = Instant::now() + LOOK_AT_ALL_EVERY;
                self.may_hold_all(store);
            }
            Some(Ok(partition)) => self.may_hold(store, partition),
            // Nobody knows which were lost.
            Some(Err(RecvError::Lagged(_))) => self.may_hold_all(store),
            Some(Err(RecvError::Closed)) => {
                return Err(ServiceError::Unavailable("the store tells of nothing more".to_owned()));
            }
        }
        // Those that came meanwhile tell of what is read next.
        loop {
            match self.rings.try_recv() {
                Ok(partition) => self.may_hold(store, partition),
                Err(TryRecvError::Lagged(_)) => self.may_hold_all(store),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return Ok(()),
            }
        }
    }

    fn may_hold(&mut self, store: &dyn Store, partition: Partition) {
        self.journals.insert(store.journal_of(partition));
    }
}
