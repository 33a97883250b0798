//! The engine's own ledger: what happened that belongs to no customer, in a chain of records like any other account's.
//!
//! Each brand has one. Whoever reads records of many accounts, makes a checkpoint or exports anything is written down here
//! before they are answered, and so is what an operator must look at.

use chrono::{DateTime, Utc};

use super::ask::CONFLICT_RETRIES_MAX;
use super::engine::Engine;
use super::error::ServiceError;
use super::question::caller_of;
use crate::audit::{Caller, Event};
use crate::domain::{Account, Brand, LEDGER_NAME, RecordId, Reference, Requester};
use crate::store::{Ask, Claim, Closing, CommitError, Entry, Kept, OpenAccount, Opening, Reserve, Urgency, WindowKey};

impl Engine {
    /// Appends an event to a brand's ledger. One read and one commit; whoever calls waits for the disk.
    ///
    /// INVARIANT (answer-is-record): once this returns, the event is on record, in the chain.
    pub(super) async fn note(
        &self,
        brand: &Brand,
        caller: Option<Caller>,
        event: Event,
    ) -> Result<RecordId, ServiceError> {
        self.note_once(brand, caller, event, None).await
    }

    /// The same of what can happen once alone: `once` names it. Where it happened before, the record of that comes back and
    /// nothing is appended.
    pub(super) async fn note_once(
        &self,
        brand: &Brand,
        caller: Option<Caller>,
        event: Event,
        once: Option<Reserve>,
    ) -> Result<RecordId, ServiceError> {
        let now = self.now()?.instant();
        for _ in 0..=CONFLICT_RETRIES_MAX {
            let _turn = self.queues.enter(self.vault.tokens().ledger(brand)).await?;
            let mut open = match self.open_ledger(brand, once, Vec::new(), now).await? {
                Opening::Open(open) => open,
                Opening::Answered(before) => return Ok(before),
                Opening::Taken => return Err(ServiceError::RequestIdReused),
            };
            begin_ledger(&mut open, brand)?;
            let entry = Entry { at: now, line: None, caller: caller.clone(), channel: None, event: event.clone() };
            let id = open.append(entry)?;
            let claim = once.map(|reserve| Claim { reserve, record: id });
            let (settle, due, done) = (Vec::new(), Vec::new(), Vec::new());
            let closing = Closing { urgency: Urgency::Ordinary, claim, settle, due, done };
            match self.vault.close(open, closing).await {
                Ok(_) => return Ok(id),
                Err(CommitError::Answered(before)) => return Ok(before),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ServiceError::Unavailable("the ledger keeps changing".to_owned()))
    }

    /// The record of what can happen once alone, if it happened.
    pub(super) async fn noted(
        &self,
        brand: &Brand,
        once: Reserve,
        now: DateTime<Utc>,
    ) -> Result<Option<Kept>, ServiceError> {
        match self.open_ledger(brand, Some(once), Vec::new(), now).await? {
            Opening::Open(_) => Ok(None),
            Opening::Answered(id) => match self.vault.record(id).await? {
                Some(kept) => Ok(Some(kept)),
                None => Err(ServiceError::Unavailable("a record of the ledger is not there".to_owned())),
            },
            Opening::Taken => Err(ServiceError::RequestIdReused),
        }
    }

    /// Opens a brand's ledger, with windows of its partition.
    pub(super) async fn open_ledger(
        &self,
        brand: &Brand,
        reserve: Option<Reserve>,
        windows: Vec<WindowKey>,
        now: DateTime<Utc>,
    ) -> Result<Opening, ServiceError> {
        let (lines, charges) = (Vec::new(), Vec::new());
        let account = self.vault.tokens().ledger(brand);
        let ask = Ask { account, lines, permit: None, reserve, charges, windows, now, at_least: None };
        Ok(self.vault.open(ask).await?)
    }

    /// Writes down that an operator must look at something that `requester` did. `reason` is its stable name.
    pub async fn alert(&self, requester: &Requester, reason: &str) -> Result<RecordId, ServiceError> {
        let reason =
            Reference::parse(reason).map_err(|_| ServiceError::Unavailable("an alert has no name".to_owned()))?;
        self.note(&requester.brand, Some(caller_of(requester)), Event::Alerted { reason }).await
    }
}

/// A ledger begins with the first that is said in it.
pub(super) fn begin_ledger(open: &mut OpenAccount, brand: &Brand) -> Result<(), ServiceError> {
    if open.account().is_none() {
        let never = |_| ServiceError::Unavailable(format!("`{LEDGER_NAME}` is no name"));
        open.create(Account::ledger(brand.clone()).map_err(never)?, None);
    }
    Ok(())
}
