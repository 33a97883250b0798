//! The second person's word, and the end.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::proposing::SeenSeparation;
use crate::audit::{Event, SeparationStep};
use crate::crypto::Token;
use crate::domain::{
    Account, AccountId, AccountNumber, Brand, DocumentDigest, FormatError, PersonId, RequestId, Requester, Separation,
    SeparationReference, SeparationStanding, Word,
};
use crate::service::ask::{CONFLICT_RETRIES_MAX, account_of};
use crate::service::budget::Budget;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::{Body, caller_of};
use crate::service::refusal::Refusal;
use crate::service::rights::{Authorised, right};
use crate::service::unbroken::Unbroken;
use crate::store::{Ask, Claim, Closing, CommitError, Entry, Opening, Reserve, Urgency};

/// The alert by which auditors are told that lines can be separated. It names neither account nor line.
pub(super) const OPENED: &str = "SEPARATION_OPENED";

const AS_PROPOSED: &str = "must be what whoever proposed the separation has seen";

/// So often one person agrees a day, or tries to.
const AGREEMENTS: Budget = Budget {
    name: "separation-agreements",
    most: 20,
    what: "one person agrees to so many separations a day: another one must",
};

/// A person's word on a separation that was proposed.
#[derive(Debug, Clone)]
pub struct SeparationOrder {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The separation, by its account.
    pub separation: AccountId,
}

/// A separation as it stands.
#[derive(Debug, Clone)]
pub struct SeparationView {
    /// Its account, which is its name.
    pub account: AccountId,
    /// What a port request states as its account number.
    pub number: AccountNumber,
    /// The survivor, as tokens for them name their person.
    pub person: PersonId,
    /// What is kept of it.
    pub separation: Separation,
    /// Where it stands.
    pub standing: SeparationStanding,
    /// What opens it; given to who agreed, alone.
    pub reference: Option<SeparationReference>,
}

/// What somebody has seen, as it is kept.
struct Said {
    lines: BTreeSet<Token>,
    document: DocumentDigest,
}

/// What a change of a separation came to.
enum Changed {
    Done(Box<SeparationView>),
    Again,
}

impl Engine {
    /// Agrees to what another person proposed, having seen the same: the lines, the contact and the document. The reference comes
    /// back.
    ///
    /// INVARIANT (fail-closed): the second person says by themselves what they agree to, and is not shown what was proposed.
    pub async fn agree_to_separation(
        self: &Arc<Self>,
        who: Authorised<right::SeparateLines>,
        order: SeparationOrder,
        seen: SeenSeparation,
    ) -> Result<SeparationView, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let (requester, now) = (who.requester(), engine.now()?.instant());
            let life = engine.separations_of(requester).await?.life;
            engine.spend(&AGREEMENTS, (&requester.brand, requester.subject.as_str().as_bytes()), now).await?;
            let said = engine.said(requester, &seen).await?;
            let agree = |account: &mut Account| {
                let contact = account.owner().and_then(|survivor| survivor.contacts.first()).map(|first| &first.value);
                let is_contact = contact == Some(&seen.contact);
                let holder = account.owner().and_then(|survivor| survivor.name.as_ref());
                let is_holder = holder.is_some_and(|holder| seen.document.holder.matches(holder));
                let separation = account.separation.as_deref_mut().ok_or(NO_SEPARATION)?;
                if separation.proposed.by == requester.subject {
                    return Err(ServiceError::Refused(Refusal::SecondPersonNeeded));
                }
                if separation.standing(now) != SeparationStanding::Proposed {
                    return Err(ServiceError::Refused(Refusal::SeparationNotProposed));
                }
                let proposed = separation.lines.iter().map(|line| engine.vault.tokens().line(&requester.brand, line));
                let wrong = [
                    ("lines", said.lines == proposed.collect()),
                    ("contact", is_contact),
                    ("document.reference", said.document == separation.document),
                    ("document.holder_name", is_holder),
                ];
                if let Some((field, _)) = wrong.into_iter().find(|(_, agrees)| !agrees) {
                    return Err(ServiceError::Invalid { field, expected: AS_PROPOSED });
                }
                separation.agreed = Some(Word { by: requester.subject.clone(), at: now });
                separation.expires_at = now + life;
                Ok(SeparationStep::Agreed { expires_at: separation.expires_at })
            };
            engine.change_separation(requester, &order, now, &agree).await
        })
        .await
    }

    /// What somebody has seen, as it is kept.
    async fn said(&self, requester: &Requester, seen: &SeenSeparation) -> Result<Said, ServiceError> {
        let mut lines = BTreeSet::new();
        for line in &seen.lines {
            let name = self.line_token(requester, line)?;
            // One that nobody has differs from every line.
            lines.insert(self.vault.resolve(name).await?.map_or(name, |place| place.line));
        }
        Ok(Said { lines, document: self.document_digest(&seen.document.reference) })
    }

    /// Ends a separation: its reference opens nothing any more, and where a line has left under it the account that it was taken from
    /// has it no longer, without a word. One person is enough, since it only takes away. What is ended is ended.
    pub async fn end_separation(
        self: &Arc<Self>,
        who: Authorised<right::SeparateLines>,
        order: SeparationOrder,
    ) -> Result<SeparationView, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let (requester, now) = (who.requester(), engine.now()?.instant());
            engine.separations_of(requester).await?;
            let before = engine.separation_now(&requester.brand, &order.separation, now).await?;
            let end = |account: &mut Account| {
                let separation = account.separation.as_deref_mut().ok_or(NO_SEPARATION)?;
                separation.ended = Some(Word { by: requester.subject.clone(), at: now });
                Ok(SeparationStep::Ended)
            };
            let ended = match before.standing {
                SeparationStanding::Ended => before,
                _ => engine.change_separation(requester, &order, now, &end).await?,
            };
            engine.leave_for_good(requester, &ended, now).await?;
            Ok(ended)
        })
        .await
    }

    async fn change_separation(
        &self,
        requester: &Requester,
        order: &SeparationOrder,
        now: DateTime<Utc>,
        change: &(impl Fn(&mut Account) -> Result<SeparationStep, ServiceError> + Sync),
    ) -> Result<SeparationView, ServiceError> {
        for _ in 0..=CONFLICT_RETRIES_MAX {
            if let Changed::Done(view) = self.try_change(requester, order, now, change).await? {
                return Ok(*view);
            }
        }
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }

    async fn try_change(
        &self,
        requester: &Requester,
        order: &SeparationOrder,
        now: DateTime<Utc>,
        change: &(impl Fn(&mut Account) -> Result<SeparationStep, ServiceError> + Sync),
    ) -> Result<Changed, ServiceError> {
        let account = self.vault.tokens().account(&requester.brand, &order.separation);
        let reserve = self.reserve(requester, order.request_id, &order.body);
        let _turn = self.queues.enter(account).await?;
        let mut open = match self.vault.open(asking(account, Vec::new(), Some(reserve), now)).await? {
            Opening::Open(open) => open,
            Opening::Answered(_) => return self.changed_before(requester, &order.separation, now).await,
            Opening::Taken => return Err(ServiceError::RequestIdReused),
        };
        let step = change(open.account_mut().ok_or(NO_SEPARATION)?)?;
        let gives = matches!(step, SeparationStep::Agreed { .. });
        if gives {
            // Before it opens anything: whoever watches over this desk may be told of what then does not, and never the other way.
            self.alert_once_of(requester, OPENED, &[account.as_bytes()], Urgency::Ordinary).await?;
        }
        let (caller, event) = (Some(caller_of(requester)), Event::SeparationChanged(step));
        let record = open.append(Entry { at: now, line: None, caller, channel: None, event })?;
        let view = self.view_of(account_of(&open)?, now, gives)?;
        match self.vault.close(open, closing(Some(Claim { reserve, record }))).await {
            Ok(_) => Ok(Changed::Done(Box::new(view))),
            Err(CommitError::Conflict) => Ok(Changed::Again),
            Err(CommitError::Answered(_)) => self.changed_before(requester, &order.separation, now).await,
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => Err(error.into()),
        }
    }

    /// What was answered before. Who agreed is given the reference again.
    async fn changed_before(
        &self,
        requester: &Requester,
        id: &AccountId,
        now: DateTime<Utc>,
    ) -> Result<Changed, ServiceError> {
        let mut view = self.separation_now(&requester.brand, id, now).await?;
        let agreed = view.separation.agreed.as_ref().is_some_and(|word| word.by == requester.subject);
        view.reference = agreed.then(|| self.reference_of(&requester.brand, id));
        Ok(Changed::Done(Box::new(view)))
    }

    pub(super) async fn separation_now(
        &self,
        brand: &Brand,
        id: &AccountId,
        now: DateTime<Utc>,
    ) -> Result<SeparationView, ServiceError> {
        let account = self.vault.tokens().account(brand, id);
        let Opening::Open(open) = self.vault.open(asking(account, Vec::new(), None, now)).await? else {
            return Err(ServiceError::RequestIdReused);
        };
        self.view_of(open.account().ok_or(NO_SEPARATION)?, now, false)
    }

    pub(super) fn view_of(
        &self,
        account: &Account,
        now: DateTime<Utc>,
        gives: bool,
    ) -> Result<SeparationView, ServiceError> {
        let separation = account.separation.as_deref().ok_or(NO_SEPARATION)?.clone();
        Ok(SeparationView {
            account: account.id.clone(),
            number: account.number.clone(),
            person: account.owner().ok_or(NO_SEPARATION)?.id.clone(),
            standing: separation.standing(now),
            separation,
            reference: gives.then(|| self.reference_of(&account.brand, &account.id)),
        })
    }
}

pub(super) const NO_SEPARATION: ServiceError = ServiceError::NotFound("separation");

pub(super) fn asking(account: Token, lines: Vec<Token>, reserve: Option<Reserve>, now: DateTime<Utc>) -> Ask {
    let (charges, windows) = (Vec::new(), Vec::new());
    Ask { account, lines, permit: None, reserve, charges, windows, now, at_least: None }
}

pub(super) fn closing(claim: Option<Claim>) -> Closing {
    let (settle, due, done) = (Vec::new(), Vec::new(), Vec::new());
    Closing { urgency: Urgency::Ordinary, claim, settle, due, done }
}

pub(super) fn never(error: FormatError) -> ServiceError {
    ServiceError::Unavailable(format!("a name that the engine made {error}"))
}
