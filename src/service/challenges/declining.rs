//! The customer's no: to a challenge, to an approval that was not carried out yet, or to anything that happened.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::finding::NO_CHALLENGE;
use super::undoing::has_moved;
use crate::audit::{AnswerWindow, Event};
use crate::domain::{AccountId, Channel, RecordId, RequestId, Requester, is_separated};
use crate::service::ask::CONFLICT_RETRIES_MAX;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::{Body, grants_permit};
use crate::service::refusal::Refusal;
use crate::service::rights::{Authorised, right};
use crate::service::unbroken::Unbroken;
use crate::store::{Found, Kept, Place, Urgency};

/// A no.
#[derive(Debug, Clone)]
pub struct Declining {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The challenge, or the approval.
    pub decision: RecordId,
    /// Whether it was somebody else who asked: then all that the line has is locked as well.
    pub not_me: bool,
    /// The channel.
    pub channel: Channel,
}

/// Something on a customer's account that was not them.
#[derive(Debug, Clone)]
pub struct Dispute {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The record of it.
    pub activity: RecordId,
    /// The channel.
    pub channel: Channel,
}

/// What a no is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoTo {
    /// A challenge, or an approval.
    Decision,
    /// Anything that is on record.
    Activity,
    /// What somebody was told of, with the code to end it.
    Notice,
}

/// The alert by which the fraud desk learns that a customer said so.
const DISPUTED: &str = "ACTIVITY_DISPUTED";

impl Engine {
    /// Ends a challenge, or takes an approval back before it is carried out. With `not_me` the lock on everything goes on in the
    /// same commit, which voids every other permit, challenge and transfer PIN of the line.
    ///
    /// Like a lock it checks no credential, and passes below the disk reserve: nobody's guesses stand in its way.
    pub async fn decline_challenge(
        self: &Arc<Self>,
        who: Authorised<right::AnswerChallenge>,
        declining: Declining,
    ) -> Result<(), ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let kept = engine.own_record(who.requester(), declining.decision, NoTo::Decision).await?;
            engine.say_no(who.requester(), kept, &declining, NoTo::Decision).await
        })
        .await
    }

    /// Says that something which happened on the customer's account was not them: whatever of it can still be ended is, the lock on
    /// everything goes on in the same commit, which voids what else was granted, and the fraud desk is told.
    ///
    /// Like a no it checks no credential, and passes below the disk reserve.
    pub async fn dispute_activity(
        self: &Arc<Self>,
        who: Authorised<right::DisputeActivity>,
        dispute: Dispute,
    ) -> Result<(), ServiceError> {
        let Dispute { request_id, body, activity: decision, channel } = dispute;
        let declining = Declining { request_id, body, decision, not_me: true, channel };
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let (requester, now) = (who.requester(), engine.now()?.instant());
            let kept = engine.own_record(requester, declining.decision, NoTo::Activity).await?;
            let said = engine.say_no(requester, kept, &declining, NoTo::Activity).await;
            // Also where there is nothing to lock any more: then the desk must stop it where it is.
            if let (Ok(()) | Err(ServiceError::Refused(Refusal::LineMoved)), Some(account)) =
                (&said, &requester.account)
            {
                engine.tell_desk(requester, (DISPUTED, account), now).await?;
            }
            said
        })
        .await
    }

    /// The no of whoever was told of something with a code that can only lock: as a dispute's, but only where there is something
    /// left to end.
    pub(in crate::service) async fn say_no_by_code(
        &self,
        requester: &Requester,
        (account, told): (&AccountId, Kept),
        said: (RequestId, Body, Channel),
    ) -> Result<(), ServiceError> {
        let ((request_id, body, channel), decision) = (said, told.record().id);
        let declining = Declining { request_id, body, decision, not_me: true, channel };
        let now = self.now()?.instant();
        match self.say_no(requester, told, &declining, NoTo::Notice).await {
            // There is nothing here to lock any more, and who brings a code is told nothing of that: the desk is.
            Ok(()) | Err(ServiceError::Refused(Refusal::LineMoved)) => {
                self.tell_desk(requester, (DISPUTED, account), now).await
            }
            refused => refused,
        }
    }

    /// Tells the fraud desk, once a day for each account, however much is disputed: the account's records say what. A failure is the caller's to repeat.
    ///
    /// INVARIANT (separation-is-unseen): of a survivor's account the desk is not told.
    pub(in crate::service) async fn tell_desk(
        &self,
        requester: &Requester,
        (alert, account): (&str, &AccountId),
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        if is_separated(account) {
            return Ok(());
        }
        let (brand, day) = (&requester.brand, now.date_naive().to_string());
        let parts = [brand.as_str().as_bytes(), account.as_str().as_bytes(), day.as_bytes()];
        self.alert_once_of(requester, alert, &parts, Urgency::Protective).await
    }

    async fn say_no(
        &self,
        requester: &Requester,
        kept: Kept,
        declining: &Declining,
        to: NoTo,
    ) -> Result<(), ServiceError> {
        let now = self.now()?.instant();
        let about = self.decision_of(kept).await?;
        let reserve = self.reserve(requester, declining.request_id, &declining.body);
        for _ in 0..=CONFLICT_RETRIES_MAX {
            let _turn = self.queues.enter_to_protect(about.account()).await?;
            let Some(opened) = self.open_declined(requester, &about, reserve, now).await? else {
                return self.said_before(requester, &about, to, now).await;
            };
            if self.decline(requester, (declining, to), reserve, opened, now).await? {
                return Ok(());
            }
        }
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }

    /// The same request is told the same: of a line that is elsewhere nothing was locked, or it is not any more.
    async fn said_before(
        &self,
        requester: &Requester,
        about: &Kept,
        to: NoTo,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let Some(line) = about.record().line.as_ref().filter(|_| to == NoTo::Activity) else { return Ok(()) };
        let line = self.vault.tokens().line(&requester.brand, &line.id);
        let open = self.open_line(Place { account: about.account(), line }, now).await?;
        if has_moved(&open, line) { Err(ServiceError::Refused(Refusal::LineMoved)) } else { Ok(()) }
    }

    /// A record of the account that the customer is signed in on: where only a decision is meant, one that waits.
    ///
    /// INVARIANT (unknown-looks-known): another's is answered like nobody's.
    async fn own_record(&self, requester: &Requester, id: RecordId, to: NoTo) -> Result<Kept, ServiceError> {
        let nothing = match to {
            NoTo::Decision => NO_CHALLENGE,
            NoTo::Activity | NoTo::Notice => ServiceError::NotFound("activity"),
        };
        let kept = match self.vault.find(id).await? {
            Found::Kept(kept) => *kept,
            Found::Archived => return Err(ServiceError::Refused(Refusal::RecordArchived)),
            Found::Nowhere => return Err(nothing),
        };
        let is_meant = match &kept.record().event {
            Event::Decided(decided) => {
                matches!(decided.window, AnswerWindow::OpenUntil(_) | AnswerWindow::Permit { .. })
            }
            _ => false,
        };
        let is_meant = is_meant || to != NoTo::Decision;
        if is_meant && self.is_own(requester, &kept) { Ok(kept) } else { Err(nothing) }
    }

    /// The decision that a record belongs to: what was given, sent, used and told for it is disputed with it. Others stand alone.
    async fn decision_of(&self, kept: Kept) -> Result<Kept, ServiceError> {
        let decision = match &kept.record().event {
            Event::EvidenceGiven { challenge, .. } | Event::CodeSent { challenge, .. } => *challenge,
            Event::PermitRedeemed { decision } | Event::OutcomeReported { decision, .. } => *decision,
            // Asked for again, and challenged again.
            Event::Decided(decided) if !grants_permit(decided) => match decided.challenge {
                Some(challenge) if challenge != kept.record().id => challenge,
                Some(_) | None => return Ok(kept),
            },
            _ => return Ok(kept),
        };
        Ok(match self.vault.find(decision).await? {
            Found::Kept(found) if found.account() == kept.account() => *found,
            Found::Kept(_) | Found::Archived | Found::Nowhere => kept,
        })
    }
}
