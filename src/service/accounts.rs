//! Accounts and lines from provisioning: created, filled in, read. Provisioning may create protection, never lower it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::ask::account_of;
use super::engine::Engine;
use super::error::ServiceError;
use super::question::{Body, caller_of};
use super::refusal::Refusal;
use super::rights::{Authorised, right};
use super::seed::{Difference, LineSeed, Seed, compare};
use super::target::Scope;
use super::unbroken::Unbroken;
use crate::audit::{Event, ReadOf};
use crate::crypto::Token;
use crate::domain::{Account, AccountId, AccountPin, Credentials, RequestId, Requester, Verifier};
use crate::store::{
    Ask, Claim, Closing, CommitError, Entry, IndexEntry, OpenAccount, Opening, Position, ROWS_MAX, Reserve, Urgency,
};

/// What an upsert came to.
#[derive(Debug, Clone)]
pub struct Upserted {
    /// The account as it now is.
    pub account: Account,
    /// What was done.
    pub effect: UpsertEffect,
    /// What the caller has now seen of the store.
    pub position: Option<Position>,
}

/// What an upsert did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpsertEffect {
    /// There was no such account.
    Created,
    /// Something was added or filled in.
    Updated,
    /// Everything was so already.
    Unchanged,
}

/// An account to be created or filled in.
#[derive(Debug, Clone)]
pub struct Upsert {
    /// The caller's name for the request; rows of an import have none: doing them twice changes nothing.
    pub request: Option<(RequestId, Body)>,
    /// What provisioning says.
    pub seed: Seed,
}

impl Engine {
    /// Creates an account, or fills in one that exists. What would lower protection, or add a way to prove anything, is
    /// refused: that is a change of its own, with its own permit.
    pub async fn upsert_account(
        self: &Arc<Self>,
        who: Authorised<right::Provision>,
        upsert: Upsert,
    ) -> Result<Upserted, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move { engine.upsert(who.requester(), &upsert).await }).await
    }

    /// An account as it is.
    pub async fn get_account(
        &self,
        who: &Authorised<right::ReadAccount>,
        scope: &Scope,
    ) -> Result<Account, ServiceError> {
        let target = self.target(who.requester(), scope).await?;
        self.check_reach(who, &target)?;
        self.note_read(who.requester(), scope, ReadOf::Account).await?;
        let (open, _) = self.peek(who.requester(), scope, None, self.now()?.instant()).await?;
        account_of(&open).cloned()
    }

    async fn upsert(&self, requester: &Requester, upsert: &Upsert) -> Result<Upserted, ServiceError> {
        let Upsert { request, seed } = upsert;
        self.check_not_held(requester).await?;
        seed.check()?;
        let now = self.now()?.instant();
        let reserve = request.as_ref().map(|(id, body)| self.reserve(requester, *id, body));
        let account = self.vault.tokens().account(&requester.brand, &seed.account);
        let stale = self.check_lines_are_free(requester, seed).await?;
        for _ in 0..=super::ask::CONFLICT_RETRIES_MAX {
            let _turn = self.queues.enter(account).await?;
            let ask = self.asking_for(requester, seed, account, reserve, now);
            let open = match self.vault.open(ask).await? {
                Opening::Open(open) => open,
                Opening::Answered(_) => return self.upserted_before(requester, &seed.account, now).await,
                Opening::Taken => return Err(ServiceError::RequestIdReused),
            };
            match self.fill_in(requester, (seed, &stale), open, reserve, now).await {
                Ok(Some(upserted)) => return Ok(upserted),
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }

    fn asking_for(
        &self,
        requester: &Requester,
        seed: &Seed,
        account: Token,
        reserve: Option<Reserve>,
        now: DateTime<Utc>,
    ) -> Ask {
        let tokens = self.vault.tokens();
        let lines = seed.lines.iter().map(|line| tokens.line(&requester.brand, &line.id)).collect();
        Ask { account, lines, permit: None, reserve, charges: Vec::new(), windows: Vec::new(), now, at_least: None }
    }

    /// A line that lives on another account moves by `MoveLine`, not by being named here. What is free or here already gives
    /// the names that do not lead here yet: a second run of an import writes nothing.
    ///
    /// INVARIANT (locked-never-approved): an import cannot take a number over.
    async fn check_lines_are_free(&self, requester: &Requester, seed: &Seed) -> Result<Vec<IndexEntry>, ServiceError> {
        let mut stale = Vec::new();
        for (line, entries) in seed.lines.iter().zip(seed.index(self.vault.tokens(), &requester.brand)) {
            for entry in entries {
                let found = self.vault.resolve(entry.name).await?;
                // Another line of this account, too: a number given twice leads past the first one's locks.
                let elsewhere = found.filter(|place| *place != entry.place);
                if elsewhere.is_some() && entry.name != entry.place.line && !line.is_in_use() {
                    // A line that has ended does not claim its number back.
                    continue;
                }
                if let Some(place) = elsewhere
                    && self.is_in_use(place.account, place.line, line).await?
                {
                    return Err(ServiceError::Refused(Refusal::AccountExistsElsewhere));
                }
                stale.extend((found != Some(entry.place)).then_some(entry));
            }
        }
        Ok(stale)
    }

    async fn is_in_use(&self, account: Token, token: Token, line: &LineSeed) -> Result<bool, ServiceError> {
        let now = self.now()?.instant();
        let (lines, windows, charges) = (vec![token], Vec::new(), Vec::new());
        let ask = Ask { account, lines, permit: None, reserve: None, charges, windows, now, at_least: None };
        let Opening::Open(open) = self.vault.open(ask).await? else { return Ok(true) };
        let in_use = |row: &crate::domain::Line| {
            use crate::domain::LineStatus::{Active, Closed, Moved, PortedOut, Suspended};
            match row.status {
                // A line on its way, which the index still finds where it was, is in use: it arrives with its locks.
                Active | Suspended | Moved => row.msisdn == line.msisdn || row.id == line.id,
                Closed | PortedOut => row.id == line.id,
            }
        };
        Ok(open.line(token).is_some_and(in_use))
    }

    async fn fill_in(
        &self,
        requester: &Requester,
        (seed, stale): (&Seed, &[IndexEntry]),
        mut open: Box<OpenAccount>,
        reserve: Option<Reserve>,
        now: DateTime<Utc>,
    ) -> Result<Option<Upserted>, ServiceError> {
        let existing = open.account().map(|account| compare(account, seed));
        let events = match existing {
            None => {
                let credentials = self.new_credentials(seed, open.token(), now).await?;
                open.create(seed.to_account(&requester.brand, now), Some(credentials));
                let lines = u64::try_from(seed.lines.len()).unwrap_or(u64::MAX);
                self.add_lines(requester, seed, &mut open, now);
                vec![Event::AccountCreated { lines }]
            }
            Some(difference) => self.update(requester, seed, &mut open, difference, now)?,
        };
        let effect = match (events.first(), events.is_empty()) {
            (Some(Event::AccountCreated { .. }), _) => UpsertEffect::Created,
            (_, false) => UpsertEffect::Updated,
            (_, true) => UpsertEffect::Unchanged,
        };
        let account = account_of(&open)?.clone();
        if effect == UpsertEffect::Unchanged {
            // The index is pointed again: an earlier run may have been killed between the two commits.
            self.point(stale).await?;
            return Ok(Some(Upserted { account, effect, position: None }));
        }
        let mut last = None;
        for event in events {
            let caller = Some(caller_of(requester));
            last = Some(open.append(Entry { at: now, line: None, caller, channel: None, event })?);
        }
        let claim = reserve.zip(last).map(|(reserve, record)| Claim { reserve, record });
        let closing =
            Closing { urgency: Urgency::Ordinary, claim, settle: Vec::new(), due: Vec::new(), done: Vec::new() };
        match self.vault.close(open, closing).await {
            Ok(closed) => {
                self.point(stale).await?;
                Ok(Some(Upserted { account, effect, position: Some(closed.position) }))
            }
            Err(CommitError::Conflict) => Ok(None),
            Err(CommitError::Answered(_)) => self.upserted_before(requester, &seed.account, now).await.map(Some),
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => Err(error.into()),
        }
    }

    /// Points names to their lines, after the commit that put the lines there.
    async fn point(&self, stale: &[IndexEntry]) -> Result<(), ServiceError> {
        for entry in stale {
            self.hints.forget(entry.name);
        }
        for entries in stale.chunks(ROWS_MAX) {
            self.vault.index(entries.to_vec()).await?;
        }
        Ok(())
    }

    async fn new_credentials(
        &self,
        seed: &Seed,
        account: Token,
        now: DateTime<Utc>,
    ) -> Result<Credentials, ServiceError> {
        let Some(pin) = &seed.pin else { return Ok(Credentials::default()) };
        let verifier: Verifier = self.pins.hash(pin.digits.clone(), account).await?;
        let set_at = pin.set_at.unwrap_or(now).min(now);
        let pin = AccountPin { verifier, set_at, verified_at: None, origin: pin.origin };
        Ok(Credentials { pin: Some(pin), ..Credentials::default() })
    }

    fn add_lines(&self, requester: &Requester, seed: &Seed, open: &mut OpenAccount, now: DateTime<Utc>) -> usize {
        let mut added = 0_usize;
        for line in &seed.lines {
            let token = self.vault.tokens().line(&requester.brand, &line.id);
            if open.line(token).is_none() {
                open.create_line(token, seed.to_line(line, now));
                added = added.saturating_add(1);
            }
        }
        added
    }

    /// What may be taken over on an account that exists: its kind, new lines, locks turned on.
    fn update(
        &self,
        requester: &Requester,
        seed: &Seed,
        open: &mut OpenAccount,
        difference: Difference,
        now: DateTime<Utc>,
    ) -> Result<Vec<Event>, ServiceError> {
        let pin_is_new = seed.pin.is_some() && open.credentials().is_none_or(|credentials| credentials.pin.is_none());
        if difference.guarded || pin_is_new || !self.lines_agree(requester, seed, open) {
            return Err(ServiceError::Refused(Refusal::PermitNeeded));
        }
        let mut fields = difference.allowed;
        let mut events = Vec::new();
        let added = self.add_lines(requester, seed, open, now);
        events.extend((0..added).map(|_| Event::LineAdded));
        if self.turn_locks_on(requester, seed, open, now) {
            fields.push("locks".to_owned());
        }
        if let Some(account) = open.account_mut() {
            account.kind = seed.kind;
            account.line_count = account.line_count.saturating_add(u64::try_from(added).unwrap_or(u64::MAX));
        }
        if !fields.is_empty() {
            events.push(Event::AccountChanged { fields });
        }
        Ok(events)
    }

    fn turn_locks_on(&self, requester: &Requester, seed: &Seed, open: &mut OpenAccount, now: DateTime<Utc>) -> bool {
        let (mut placed, seq) = (false, open.next_seq());
        if seed.locks.iter().any(|lock| lock.line.is_none())
            && let Some(account) = open.account_mut()
        {
            placed |= seed.place_locks(&mut account.protection, None, now, seq);
        }
        for line in seed.locks.iter().filter_map(|lock| lock.line.as_ref()) {
            let token = self.vault.tokens().line(&requester.brand, line);
            let is_off = |locks: &crate::domain::Protection| seed.place_locks(&mut locks.clone(), Some(line), now, seq);
            if open.line(token).is_some_and(|row| is_off(&row.protection))
                && let Some(row) = open.line_mut(token)
            {
                placed |= seed.place_locks(&mut row.protection, Some(line), now, seq);
            }
        }
        placed
    }

    /// Whether every line of the seed that exists has the number and SIM that the seed says: those change with permits.
    fn lines_agree(&self, requester: &Requester, seed: &Seed, open: &OpenAccount) -> bool {
        seed.lines.iter().all(|said| {
            let known = open.line(self.vault.tokens().line(&requester.brand, &said.id));
            known.is_none_or(|line| {
                line.msisdn == said.msisdn
                    && line.iccid == said.iccid
                    && line.eid == said.eid
                    && line.status == said.status
            })
        })
    }

    async fn upserted_before(
        &self,
        requester: &Requester,
        id: &AccountId,
        now: DateTime<Utc>,
    ) -> Result<Upserted, ServiceError> {
        let (open, _) = self.peek(requester, &Scope::Account(id.clone()), None, now).await?;
        Ok(Upserted { account: account_of(&open)?.clone(), effect: UpsertEffect::Unchanged, position: None })
    }
}
