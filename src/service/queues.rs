//! One account, one request at a time inside an engine. Conflicts are only between engines.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::ServiceError;
use crate::crypto::Token;

/// How many requests may wait for one account.
pub(super) const WAITERS_PER_ACCOUNT_MAX: usize = 32;

/// How many may wait where they only turn protection up: a crowd of asks at the door never keeps the owner out.
pub(super) const PROTECTIVE_WAITERS_PER_ACCOUNT_MAX: usize = 2 * WAITERS_PER_ACCOUNT_MAX;

/// Parts of the map, so that accounts do not wait for each other's bookkeeping.
const SHARDS: usize = 64;

#[derive(Default)]
struct Shard(HashMap<Token, Queue>);

struct Queue {
    turn: Arc<Semaphore>,
    inside: usize,
}

/// The queues of all accounts that anybody asks about right now. Memory is bounded by the requests in flight.
pub(super) struct Queues {
    shards: Arc<[Mutex<Shard>]>,
}

/// A place at the head of an account's queue. Dropping it lets the next one in.
pub(super) struct Turn {
    shards: Arc<[Mutex<Shard>]>,
    account: Token,
    permit: Option<OwnedSemaphorePermit>,
}

impl Default for Queues {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }
}

impl Queues {
    /// Waits for the account's turn; refuses when too many wait already.
    pub(super) async fn enter(&self, account: Token) -> Result<Turn, ServiceError> {
        self.enter_among(account, WAITERS_PER_ACCOUNT_MAX).await
    }

    /// The same for what only turns protection up.
    pub(super) async fn enter_to_protect(&self, account: Token) -> Result<Turn, ServiceError> {
        self.enter_among(account, PROTECTIVE_WAITERS_PER_ACCOUNT_MAX).await
    }

    async fn enter_among(&self, account: Token, waiters_max: usize) -> Result<Turn, ServiceError> {
        let (mut turn, semaphore) = self.line_up(account, waiters_max)?;
        turn.permit = semaphore.acquire_owned().await.ok();
        match turn.permit {
            Some(_) => Ok(turn),
            None => Err(ServiceError::Unavailable("the engine is stopping".to_owned())),
        }
    }

    fn line_up(&self, account: Token, waiters_max: usize) -> Result<(Turn, Arc<Semaphore>), ServiceError> {
        let mut shard = lock(&self.shards, account);
        let queue = shard.0.entry(account).or_insert_with(|| Queue { turn: Arc::new(Semaphore::new(1)), inside: 0 });
        if queue.inside > waiters_max {
            return Err(ServiceError::Exhausted { what: "too many requests wait for this account", retry_at: None });
        }
        queue.inside = queue.inside.saturating_add(1);
        let semaphore = Arc::clone(&queue.turn);
        drop(shard);
        Ok((Turn { shards: Arc::clone(&self.shards), account, permit: None }, semaphore))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.permit.take());
        let mut shard = lock(&self.shards, self.account);
        if let Some(queue) = shard.0.get_mut(&self.account) {
            queue.inside = queue.inside.saturating_sub(1);
            if queue.inside == 0 {
                shard.0.remove(&self.account);
            }
        }
    }
}

#[expect(clippy::indexing_slicing, reason = "the index is taken modulo the number of shards, a constant above zero")]
fn lock(shards: &[Mutex<Shard>], account: Token) -> std::sync::MutexGuard<'_, Shard> {
    let [_, _, _, a, ..] = *account.as_bytes();
    // A poisoned lock holds a map that is whole: nothing between its changes can panic.
    shards[usize::from(a) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{Queues, WAITERS_PER_ACCOUNT_MAX};
    use crate::crypto::Token;
    use crate::service::ServiceError;

    #[tokio::test]
    async fn one_at_a_time_a_bounded_number_waits_and_nothing_stays() {
        let queues = Queues::default();
        let account = Token::from_bytes([7; 16]);
        let first = queues.enter(account).await.unwrap();
        let mut waiting: Vec<_> = (0..WAITERS_PER_ACCOUNT_MAX).map(|_| Box::pin(queues.enter(account))).collect();
        for waiter in &mut waiting {
            assert!(futures_poll(waiter.as_mut()).is_none());
        }
        assert!(matches!(queues.enter(account).await, Err(ServiceError::Exhausted { .. })));
        assert!(queues.enter(Token::from_bytes([8; 16])).await.is_ok());
        // Who turns a lock on still finds a place, and its turn comes.
        let mut lock = Box::pin(queues.enter_to_protect(account));
        assert!(futures_poll(lock.as_mut()).is_none());
        drop(lock);
        drop(first);
        assert!(futures_poll(waiting[0].as_mut()).is_some());
        drop(waiting);
        assert!(queues.shards.iter().all(|shard| shard.lock().unwrap().0.is_empty()));
    }

    fn futures_poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.poll(&mut context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }
}
