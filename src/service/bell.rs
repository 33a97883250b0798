//! What rings when something may be new in one partition, at whatever engine: for who follows one account or decision.

use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};
use tokio::sync::watch;

use super::error::ServiceError;
use super::watchers::{Seat, Watchers};
use crate::crypto::Partition;
use crate::store::Store;

/// The rings of one partition, for somebody who has a seat.
pub(super) struct Bell {
    rings: broadcast::Receiver<Partition>,
    partition: Partition,
    over: watch::Receiver<bool>,
    _seat: Seat,
}

impl Bell {
    /// Hung up before anything is read: a commit in between rings.
    pub(super) fn new(store: &dyn Store, partition: Partition, (watchers, seat): (&Watchers, Seat)) -> Self {
        Self { rings: store.rings(), partition, over: watchers.over(), _seat: seat }
    }

    /// Whether the service stops.
    pub(super) fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    /// Waits until something may have happened, or all is over.
    pub(super) async fn rung(&mut self) -> Result<(), ServiceError> {
        loop {
            let rung = tokio::select! {
                rung = self.rings.recv() => rung,
                // A sender that is gone stops as well.
                _ = self.over.wait_for(|over| *over) => return Ok(()),
            };
            match rung {
                Ok(partition) if partition == self.partition => {
                    // One look is enough for all that rang until now.
                    while !matches!(self.rings.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
                    return Ok(());
                }
                Ok(_) => {}
                // Nobody knows which were lost.
                Err(RecvError::Lagged(_)) => return Ok(()),
                Err(RecvError::Closed) => {
                    return Err(ServiceError::Unavailable("the store tells of nothing more".to_owned()));
                }
            }
        }
    }
}
