//! The engine's own ledger: what happened that belongs to no customer, in a chain of records like any other account's.
//!
//! Each brand has one. Whoever reads records of many accounts, makes a checkpoint or exports anything is written down here
//! before they are answered, and so is what an operator must look at.

use chrono::{DateTime, Utc};

use super::ask::CONFLICT_RETRIES_MAX;
use super::engine::Engine;
use super::error::ServiceError;
use super::question::caller_of;
use super::queues::Turn;
use crate::audit::{Caller, Event};
use crate::crypto::Token;
use crate::domain::{Account, Brand, LEDGER_NAME, RecordId, Reference, Requester};
use crate::store::{Ask, Claim, Closing, CommitError, Entry, Kept, OpenAccount, Opening, Reserve, Urgency, WindowKey};

/// What a turn in a ledger is for.
pub(super) struct LedgerAsk<'a> {
    /// Whose ledger.
    pub(super) brand: &'a Brand,
    /// The name of what can happen once alone, such as a request's key.
    pub(super) once: Option<Reserve>,
    /// The documents that may change.
    pub(super) documents: Vec<Token>,
    /// What turns protection up passes below the disk reserve, and waits in a longer queue.
    pub(super) urgency: Urgency,
    /// When.
    pub(super) now: DateTime<Utc>,
}

/// What was done in a turn.
pub(super) struct Worked<T> {
    /// The record of it, which answers for the request; none of what no request asked for.
    pub(super) record: Option<RecordId>,
    /// What came of it.
    pub(super) result: T,
}

/// What came of a turn.
pub(super) enum Turned<T> {
    /// It is committed, and the turn is still the caller's: what follows from it follows before the next one.
    Done(T, Turn),
    /// It happened before, by that record.
    Before(RecordId),
    /// Nothing was to be done.
    Nothing,
}

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
        self.note_once(brand, caller, event, (None, Urgency::Ordinary)).await
    }

    /// The same of what can happen once alone: `once` names it. Where it happened before, the record of that comes back and
    /// nothing is appended.
    pub(super) async fn note_once(
        &self,
        brand: &Brand,
        caller: Option<Caller>,
        event: Event,
        (once, urgency): (Option<Reserve>, Urgency),
    ) -> Result<RecordId, ServiceError> {
        let now = self.now()?.instant();
        let ask = LedgerAsk { brand, once, documents: Vec::new(), urgency, now };
        let noted = self.in_ledger(ask, |open| {
            let entry = Entry { at: now, line: None, caller: caller.clone(), channel: None, event: event.clone() };
            let record = Some(open.append(entry)?);
            Ok(Some(Worked { record, result: record }))
        });
        match noted.await? {
            Turned::Done(Some(record), _) | Turned::Before(record) => Ok(record),
            Turned::Done(None, _) | Turned::Nothing => {
                Err(ServiceError::Unavailable("nothing was written down".to_owned()))
            }
        }
    }

    /// Takes a turn in a ledger: opens it, has it changed, and commits; again, where another engine was faster.
    ///
    /// A request that changes nothing is answered all the same: what it says later counts for nothing.
    pub(super) async fn in_ledger<T>(
        &self,
        ask: LedgerAsk<'_>,
        work: impl Fn(&mut OpenAccount) -> Result<Option<Worked<T>>, ServiceError> + Send + Sync,
    ) -> Result<Turned<T>, ServiceError> {
        let LedgerAsk { brand, once, documents, urgency, now } = ask;
        let ledger = self.vault.tokens().ledger(brand);
        for _ in 0..=CONFLICT_RETRIES_MAX {
            let turn = match urgency {
                Urgency::Protective => self.queues.enter_to_protect(ledger).await?,
                Urgency::Ordinary => self.queues.enter(ledger).await?,
            };
            let mut open = match self.open_ledger(brand, once, (documents.clone(), Vec::new()), now).await? {
                Opening::Open(open) => open,
                Opening::Answered(before) => return Ok(Turned::Before(before)),
                Opening::Taken => return Err(ServiceError::RequestIdReused),
            };
            begin_ledger(&mut open, brand)?;
            let (record, result) = match (work(&mut open)?, once) {
                (Some(Worked { record, result }), _) => (record, Some(result)),
                (None, Some(_)) => (Some(RecordId::from_u128(self.vault.ids().mint(now, ledger.partition())?)), None),
                (None, None) => return Ok(Turned::Nothing),
            };
            let claim = once.zip(record).map(|(reserve, record)| Claim { reserve, record });
            let (settle, due, done) = (Vec::new(), Vec::new(), Vec::new());
            match self.vault.close(open, Closing { urgency, claim, settle, due, done }).await {
                Ok(_) => return Ok(result.map_or(Turned::Nothing, |result| Turned::Done(result, turn))),
                Err(CommitError::Answered(before)) => return Ok(Turned::Before(before)),
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
        match self.open_ledger(brand, Some(once), (Vec::new(), Vec::new()), now).await? {
            Opening::Open(_) => Ok(None),
            Opening::Answered(id) => match self.vault.record(id).await? {
                Some(kept) => Ok(Some(kept)),
                None => Err(ServiceError::Unavailable("a record of the ledger is not there".to_owned())),
            },
            Opening::Taken => Err(ServiceError::RequestIdReused),
        }
    }

    /// Opens a brand's ledger, with some of its documents and windows of its partition.
    pub(super) async fn open_ledger(
        &self,
        brand: &Brand,
        reserve: Option<Reserve>,
        (documents, windows): (Vec<Token>, Vec<WindowKey>),
        now: DateTime<Utc>,
    ) -> Result<Opening, ServiceError> {
        let (lines, charges) = (Vec::new(), Vec::new());
        let account = self.vault.tokens().ledger(brand);
        let ask = Ask { account, lines, permit: None, reserve, charges, windows, now, at_least: None };
        Ok(self.vault.open_with(ask, documents).await?)
    }

    /// Writes down that an operator must look at something that `requester` did. `reason` is its stable name.
    pub async fn alert(&self, requester: &Requester, reason: &str) -> Result<RecordId, ServiceError> {
        self.note(&requester.brand, Some(caller_of(requester)), alerted(reason)?).await
    }

    /// The same once alone, of what these name.
    pub(super) async fn alert_once_of(
        &self,
        requester: &Requester,
        reason: &str,
        of: &[&[u8]],
        urgency: Urgency,
    ) -> Result<(), ServiceError> {
        let tokens = self.vault.tokens();
        let once = Reserve { request: tokens.window(reason, of), digest: tokens.digest(reason, of) };
        let caller = Some(caller_of(requester));
        self.note_once(&requester.brand, caller, alerted(reason)?, (Some(once), urgency)).await.map(drop)
    }
}

fn alerted(reason: &str) -> Result<Event, ServiceError> {
    let reason = Reference::parse(reason).map_err(|_| ServiceError::Unavailable("an alert has no name".to_owned()))?;
    Ok(Event::Alerted { reason })
}

/// A ledger begins with the first that is said in it.
fn begin_ledger(open: &mut OpenAccount, brand: &Brand) -> Result<(), ServiceError> {
    if open.account().is_none() {
        let never = |_| ServiceError::Unavailable(format!("`{LEDGER_NAME}` is no name"));
        open.create(Account::ledger(brand.clone()).map_err(never)?, None);
    }
    Ok(())
}
