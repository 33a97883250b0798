//! The second person's word, and the end.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::audit::{Event, SeparationStep};
use crate::crypto::Token;
use crate::domain::{
    Account, AccountId, AccountNumber, Brand, DocumentReference, FormatError, Line, LineStatus, PersonId, Reference,
    RequestId, Requester, Separation, SeparationReference, SeparationStanding, Word,
};
use crate::service::ask::{CONFLICT_RETRIES_MAX, account_of};
use crate::service::engine::Engine;
use crate::service::error::{Refusal, ServiceError};
use crate::service::question::{Body, caller_of};
use crate::service::rights::{Authorised, right};
use crate::service::unbroken::Unbroken;
use crate::store::{Ask, Claim, Closing, CommitError, Entry, IndexEntry, Opening, Place, Reserve, Urgency};

/// The alert by which auditors are told that lines can be separated. It names neither account nor line.
const OPENED: &str = "SEPARATION_OPENED";

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

/// What a change of a separation came to.
enum Changed {
    Done(Box<SeparationView>),
    Again,
}

impl Engine {
    /// Agrees to what another person proposed, having seen the same document. The reference comes back.
    pub async fn agree_to_separation(
        self: &Arc<Self>,
        who: Authorised<right::SeparateLines>,
        order: SeparationOrder,
        document: DocumentReference,
    ) -> Result<SeparationView, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let (requester, life) = (who.requester(), engine.separations_of(who.requester()).await?.life);
            let seen = engine.document_digest(&document);
            let agree = |separation: &mut Separation, now: DateTime<Utc>| {
                if separation.proposed.by == requester.subject {
                    return Err(ServiceError::Refused(Refusal::SecondPersonNeeded));
                }
                if separation.standing(now) != SeparationStanding::Proposed {
                    return Err(ServiceError::Refused(Refusal::SeparationNotProposed));
                }
                if separation.document != seen {
                    let expected = "must be the document that whoever proposed the separation named";
                    return Err(ServiceError::Invalid { field: "document_reference", expected });
                }
                separation.agreed = Some(Word { by: requester.subject.clone(), at: now });
                separation.expires_at = now + life;
                Ok(SeparationStep::Agreed { expires_at: separation.expires_at })
            };
            engine.change_separation(requester, &order, &agree).await
        })
        .await
    }

    /// Ends a separation: its reference opens nothing any more, and a number that has left under it can be given out again. One
    /// person is enough, since it only takes away.
    pub async fn end_separation(
        self: &Arc<Self>,
        who: Authorised<right::SeparateLines>,
        order: SeparationOrder,
    ) -> Result<SeparationView, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let requester = who.requester();
            engine.separations_of(requester).await?;
            let end = |separation: &mut Separation, now: DateTime<Utc>| {
                if separation.ended.is_some() {
                    return Err(ServiceError::Refused(Refusal::SeparationNotProposed));
                }
                separation.ended = Some(Word { by: requester.subject.clone(), at: now });
                Ok(SeparationStep::Ended)
            };
            let ended = engine.change_separation(requester, &order, &end).await?;
            engine.leave_for_good(&requester.brand, &ended.account, &ended.separation).await?;
            Ok(ended)
        })
        .await
    }

    async fn change_separation(
        &self,
        requester: &Requester,
        order: &SeparationOrder,
        change: &(impl Fn(&mut Separation, DateTime<Utc>) -> Result<SeparationStep, ServiceError> + Sync),
    ) -> Result<SeparationView, ServiceError> {
        let now = self.now()?.instant();
        for _ in 0..=CONFLICT_RETRIES_MAX {
            if let Changed::Done(view) = self.try_change(requester, order, change, now).await? {
                return Ok(*view);
            }
        }
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }

    async fn try_change(
        &self,
        requester: &Requester,
        order: &SeparationOrder,
        change: &(impl Fn(&mut Separation, DateTime<Utc>) -> Result<SeparationStep, ServiceError> + Sync),
        now: DateTime<Utc>,
    ) -> Result<Changed, ServiceError> {
        let account = self.vault.tokens().account(&requester.brand, &order.separation);
        let reserve = self.reserve(requester, order.request_id, &order.body);
        let _turn = self.queues.enter(account).await?;
        let mut open = match self.vault.open(asking(account, Vec::new(), Some(reserve), now)).await? {
            Opening::Open(open) => open,
            Opening::Answered(_) => return self.changed_before(requester, &order.separation, now).await,
            Opening::Taken => return Err(ServiceError::RequestIdReused),
        };
        let separation = open.account_mut().and_then(|account| account.separation.as_deref_mut());
        let step = change(separation.ok_or(NO_SEPARATION)?, now)?;
        let gives = matches!(step, SeparationStep::Agreed { .. });
        if gives {
            // Before it opens anything: whoever watches over this desk may be told of what then does not, and never the other way.
            self.alert_opened(requester, account).await?;
        }
        let (caller, event) = (Some(caller_of(requester)), Event::SeparationChanged(step));
        let record = open.append(Entry { at: now, line: None, caller, channel: None, event })?;
        let view = self.view_of(account_of(&open)?, now, gives)?;
        match self.vault.close(open, closing(Claim { reserve, record })).await {
            Ok(_) => Ok(Changed::Done(Box::new(view))),
            Err(CommitError::Conflict) => Ok(Changed::Again),
            Err(CommitError::Answered(_)) => self.changed_before(requester, &order.separation, now).await,
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => Err(error.into()),
        }
    }

    async fn alert_opened(&self, requester: &Requester, account: Token) -> Result<(), ServiceError> {
        let reason = Reference::parse(OPENED).map_err(never)?;
        let once = Reserve {
            request: self.vault.tokens().window("separation-opened", &[account.as_bytes()]),
            digest: self.vault.tokens().digest("separation-opened", &[account.as_bytes()]),
        };
        let (caller, event) = (Some(caller_of(requester)), Event::Alerted { reason });
        self.note_once(&requester.brand, caller, event, Some(once)).await.map(drop)
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

    /// Names of lines that have left under a separation lead to where they left, so that their numbers are free again.
    async fn leave_for_good(&self, brand: &Brand, id: &AccountId, separation: &Separation) -> Result<(), ServiceError> {
        let (tokens, now) = (self.vault.tokens(), self.now()?.instant());
        let (account, from) = (tokens.account(brand, id), tokens.account(brand, &separation.from));
        let names: Vec<Token> = separation.lines.iter().map(|line| tokens.line(brand, line)).collect();
        let Opening::Open(open) = self.vault.open(asking(account, names.clone(), None, now)).await? else {
            return Err(ServiceError::RequestIdReused);
        };
        for token in names {
            let Some(line) = open.line(token).filter(|line| has_left(line)) else { continue };
            for name in [token, tokens.number(brand, line.msisdn)] {
                // What moved to the survivor's own account leads there already.
                if self.vault.resolve(name).await? == Some(Place { account: from, line: token }) {
                    self.hints.forget(name);
                    self.vault.index(vec![IndexEntry { name, place: Place { account, line: token } }]).await?;
                }
            }
        }
        Ok(())
    }
}

pub(super) const NO_SEPARATION: ServiceError = ServiceError::NotFound("separation");

const fn has_left(line: &Line) -> bool {
    matches!(line.status, LineStatus::PortedOut | LineStatus::Closed)
}

pub(super) fn asking(account: Token, lines: Vec<Token>, reserve: Option<Reserve>, now: DateTime<Utc>) -> Ask {
    let (charges, windows) = (Vec::new(), Vec::new());
    Ask { account, lines, permit: None, reserve, charges, windows, now, at_least: None }
}

pub(super) fn closing(claim: Claim) -> Closing {
    let (settle, due, done) = (Vec::new(), Vec::new(), Vec::new());
    Closing { urgency: Urgency::Ordinary, claim: Some(claim), settle, due, done }
}

pub(super) fn never(error: FormatError) -> ServiceError {
    ServiceError::Unavailable(format!("a name that the engine made {error}"))
}
