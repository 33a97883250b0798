//! The worker that sees to what falls due while nobody asks.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::due;
use super::engine::Engine;
use super::error::ServiceError;
use crate::crypto::Token;
use crate::store::{Ask, Closing, CommitError, DueEntry, Fence, LeaseRequest, Opening, Urgency};

/// How often the due queue is looked at. What falls due is acted on within a minute, and applied by every load anyway.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// How long a worker's lease holds without being renewed.
const LEASE_SECONDS: i64 = 60;

/// How many entries are taken at a time.
const BATCH_MAX: usize = 256;

/// The lease's name in the store.
const LEASE: &str = "due";

impl Engine {
    /// Looks after the due queue until `stop` says so.
    pub async fn work_due_queue(self: Arc<Self>, holder: Token, mut stop: tokio::sync::watch::Receiver<bool>) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                changed = stop.changed() => {
                    if changed.is_err() || *stop.borrow() { return }
                }
            }
            if let Err(error) = self.settle_due(holder).await {
                tracing::warn!(%error, "the due queue was not worked");
            }
        }
    }

    /// Acts on everything that is due now; returns how many accounts were seen to. Nothing while another engine holds the lease.
    pub async fn settle_due(&self, holder: Token) -> Result<usize, ServiceError> {
        let mut seen = 0_usize;
        loop {
            let now = self.now()?.instant();
            let until = now + TimeDelta::seconds(LEASE_SECONDS);
            let lease = LeaseRequest { name: LEASE.to_owned(), holder, now, until };
            let Some(Fence(_)) = self.vault.store().lease(lease).await? else { return Ok(seen) };
            let entries = self.vault.store().due(now, BATCH_MAX).await?;
            if entries.is_empty() {
                return Ok(seen);
            }
            let before = seen;
            for entry in entries {
                // One account that cannot be read does not keep the others waiting.
                match self.settle_one(entry).await {
                    Ok(()) => seen = seen.saturating_add(1),
                    Err(error) => tracing::warn!(%error, "an account's due change was not written down"),
                }
            }
            if seen == before {
                return Ok(seen);
            }
        }
    }

    /// How long the earliest entry that is due has waited; nothing, where none is.
    pub async fn due_lag(&self) -> Result<TimeDelta, ServiceError> {
        let now = self.now()?.instant();
        let earliest = self.vault.store().due(now, 1).await?;
        Ok(earliest.first().map_or(TimeDelta::zero(), |entry| now - entry.at))
    }

    /// Applies what is due on one account. State is read first: whoever came before has left nothing to do but to clear the entry.
    async fn settle_one(&self, entry: DueEntry) -> Result<(), ServiceError> {
        let now = self.now()?.instant();
        let _turn = self.queues.enter_to_protect(entry.account).await?;
        let ask = Ask {
            account: entry.account,
            lines: entry.line.into_iter().collect(),
            permit: None,
            reserve: None,
            charges: Vec::new(),
            windows: Vec::new(),
            now,
            at_least: None,
        };
        let Opening::Open(mut open) = self.vault.open(ask).await? else { return Ok(()) };
        let steps = due::apply(&mut open, entry.line, now)?;
        // Also where nothing was due any more: what this entry was for may have been taken away, and what comes next is queued nowhere.
        let upcoming = due::upcoming(&open, entry.line);
        let closing =
            Closing { urgency: Urgency::Protective, claim: None, settle: Vec::new(), due: upcoming, done: vec![entry] };
        match self.vault.close(open, closing).await {
            Ok(_) => {
                self.tally.due_applied(steps.len());
                Ok(())
            }
            // Another engine was faster; the entry is looked at again.
            Err(CommitError::Conflict | CommitError::Answered(_)) => Ok(()),
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => Err(error.into()),
        }
    }
}
