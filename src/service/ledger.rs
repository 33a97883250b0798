//! The engine's own ledger: what happened that belongs to no customer, in a chain of records like any other account's.
//!
//! Each brand has one. Whoever reads records of many accounts, makes a checkpoint or exports anything is written down here
//! before they are answered, and so is what an operator must look at.

use super::ask::CONFLICT_RETRIES_MAX;
use super::engine::Engine;
use super::error::ServiceError;
use super::question::caller_of;
use crate::audit::{Caller, Event};
use crate::domain::{Account, Brand, LEDGER_NAME, RecordId, Reference, Requester};
use crate::store::{Ask, Closing, CommitError, Entry, Opening, Urgency};

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
        let (account, now) = (self.vault.tokens().ledger(brand), self.now()?.instant());
        for _ in 0..=CONFLICT_RETRIES_MAX {
            let _turn = self.queues.enter(account).await?;
            let (lines, charges, windows) = (Vec::new(), Vec::new(), Vec::new());
            let ask = Ask { account, lines, permit: None, reserve: None, charges, windows, now, at_least: None };
            let Opening::Open(mut open) = self.vault.open(ask).await? else {
                return Err(ServiceError::RequestIdReused);
            };
            if open.account().is_none() {
                let never = |_| ServiceError::Unavailable(format!("`{LEDGER_NAME}` is no name"));
                open.create(Account::ledger(brand.clone()).map_err(never)?, None);
            }
            let entry = Entry { at: now, line: None, caller: caller.clone(), channel: None, event: event.clone() };
            let id = open.append(entry)?;
            let (settle, due, done) = (Vec::new(), Vec::new(), Vec::new());
            let closing = Closing { urgency: Urgency::Ordinary, claim: None, settle, due, done };
            match self.vault.close(open, closing).await {
                Ok(_) => return Ok(id),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ServiceError::Unavailable("the ledger keeps changing".to_owned()))
    }

    /// Writes down that an operator must look at something that `requester` did. `reason` is its stable name.
    pub async fn alert(&self, requester: &Requester, reason: &str) -> Result<RecordId, ServiceError> {
        let reason =
            Reference::parse(reason).map_err(|_| ServiceError::Unavailable("an alert has no name".to_owned()))?;
        self.note(&requester.brand, Some(caller_of(requester)), Event::Alerted { reason }).await
    }
}
