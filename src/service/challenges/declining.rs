//! The customer's no: to a challenge, to an approval that was not carried out yet, or to anything that happened.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::finding::{Challenged, NO_CHALLENGE, challenged};
use super::keeping::prompts_of;
use crate::audit::{AnswerWindow, Event, Made, Record};
use crate::crypto::Token;
use crate::domain::{
    Channel, DeviceId, Document, Held, LineStatus, LockHolder, LockSet, PendingState, Permit, PermitState, RecordId,
    ReleaseId, RequestId, Requester, is_separated,
};
use crate::service::ask::CONFLICT_RETRIES_MAX;
use crate::service::due;
use crate::service::engine::Engine;
use crate::service::error::{Refusal, ServiceError};
use crate::service::protect::{self, locks_of};
use crate::service::question::{Body, caller_of, grants_permit};
use crate::service::rights::{Authorised, right};
use crate::service::target::Target;
use crate::service::unbroken::Unbroken;
use crate::store::{
    Ask, Claim, Closing, CommitError, Entry, Found, Kept, OpenAccount, Opening, Place, Reserve, Urgency,
};

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
#[derive(Clone, Copy, PartialEq, Eq)]
enum NoTo {
    /// A challenge, or an approval.
    Decision,
    /// Anything that is on record.
    Activity,
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
        Unbroken::new(async move { engine.say_no(who.requester(), &declining, NoTo::Decision).await }).await
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
            let said = engine.say_no(requester, &declining, NoTo::Activity).await;
            // Also where there is nothing to lock any more: then the desk must stop it where it is.
            if matches!(said, Ok(()) | Err(ServiceError::Refused(Refusal::LineMoved))) {
                engine.tell_desk(requester, now).await?;
            }
            said
        })
        .await
    }

    /// Once a day for each account, however much is disputed: the account's records say what. A failure is the caller's to repeat.
    ///
    /// INVARIANT (separation-is-unseen): of a survivor's account the desk is not told.
    async fn tell_desk(&self, requester: &Requester, now: DateTime<Utc>) -> Result<(), ServiceError> {
        let Some(account) = requester.account.as_ref().filter(|account| !is_separated(account)) else { return Ok(()) };
        let (brand, day) = (&requester.brand, now.date_naive().to_string());
        let parts = [brand.as_str().as_bytes(), account.as_str().as_bytes(), day.as_bytes()];
        self.alert_once_of(requester, DISPUTED, &parts, Urgency::Protective).await
    }

    async fn say_no(&self, requester: &Requester, declining: &Declining, to: NoTo) -> Result<(), ServiceError> {
        let now = self.now()?.instant();
        let kept = self.own_record(requester, declining.decision, to).await?;
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
            NoTo::Activity => ServiceError::NotFound("activity"),
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
        let is_meant = is_meant || to == NoTo::Activity;
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

    /// The account with what is to be ended; none where this request did it before.
    async fn open_declined(
        &self,
        requester: &Requester,
        kept: &Kept,
        reserve: Reserve,
        now: DateTime<Utc>,
    ) -> Result<Option<Declined>, ServiceError> {
        let (record, account) = (kept.record(), kept.account());
        let line = record.line.as_ref().map(|line| self.vault.tokens().line(&requester.brand, &line.id));
        // What a challenge was completed by is taken back with it.
        let granted = match &record.event {
            Event::Decided(decided) if grants_permit(decided) => Some(record.id),
            Event::Decided(_) if challenged(kept).is_some() => self.met_by(requester, kept, now).await?,
            _ => None,
        };
        let ask = Ask {
            account,
            lines: line.into_iter().collect(),
            permit: granted,
            reserve: Some(reserve),
            charges: Vec::new(),
            windows: Vec::new(),
            now,
            at_least: None,
        };
        let target = Target { account, line, name: line.unwrap_or(account), indexed: true, separated: false };
        match self.vault.open_with(ask, vec![self.challenge_token(record.id), self.prompts_token(&target)]).await? {
            Opening::Open(open) => {
                let (releases, added) = (released_by(record), added_by(record, &open, granted));
                Ok(Some(Declined { open, target, about: record.id, granted, releases, added }))
            }
            Opening::Answered(_) => Ok(None),
            Opening::Taken => Err(ServiceError::RequestIdReused),
        }
    }

    /// The approval that completed a challenge, if one did.
    async fn met_by(
        &self,
        requester: &Requester,
        kept: &Kept,
        now: DateTime<Utc>,
    ) -> Result<Option<RecordId>, ServiceError> {
        let Challenged { pending, .. } = self.pending(requester, kept, now).await?;
        Ok(if let PendingState::Met { by, .. } = pending.state { Some(by) } else { None })
    }

    /// Whether it was committed; if not, another engine changed the account.
    async fn decline(
        &self,
        requester: &Requester,
        (declining, to): (&Declining, NoTo),
        reserve: Reserve,
        Declined { mut open, target, about, granted, releases, added }: Declined,
        now: DateTime<Utc>,
    ) -> Result<bool, ServiceError> {
        let steps = due::apply(&mut open, target.line, now)?;
        if is_met_since(&open, about, granted) {
            return Ok(false);
        }
        let was_open = is_open(&open, about, granted, now);
        let ended = end(&mut open, about, granted, now);
        // It was too late to stop this one. What follows is not.
        if !ended && !declining.not_me {
            return Err(ServiceError::Refused(Refusal::ChallengeOver));
        }
        // INVARIANT of P20: who said no is not asked again for a day; from when they said it, not from when it was said again.
        if was_open || declining.not_me {
            let token = self.prompts_token(&target);
            let mut prompts = prompts_of(&open, token);
            prompts.decline(now);
            open.put_document(token, Document::Prompts(prompts))?;
        }
        let (caller, channel) = (Some(caller_of(requester)), Some(declining.channel));
        let entry = |event| Entry { at: now, line: target.line, caller: caller.clone(), channel, event };
        let Declining { decision, not_me, .. } = *declining;
        let said = match to {
            NoTo::Decision => Event::ChallengeDeclined { decision: about, not_me },
            NoTo::Activity => Event::ActivityDisputed { activity: decision },
        };
        let record = open.append(entry(said))?;
        if let Some(event) = releases.and_then(|release| cancel(&mut open, &target, release)) {
            open.append(entry(event))?;
        }
        let known_after = self.policy().device_known_after;
        let mut locked = target;
        if let Some(device) = added.filter(|_| not_me)
            && open.account_mut().is_some_and(|account| account.remove_waiting(&device, known_after, now))
        {
            open.append(entry(Event::DeviceRemoved { device }))?;
            // It was the whole account's, and so is the lock: else the next were added through another line.
            locked.line = None;
        }
        // INVARIANT: what cannot be locked any more is on record all the same, where that is all that can be done.
        let locked = if not_me { lock_everything(&mut open, requester, &locked, now).map(Some) } else { Ok(None) };
        let gone = match locked {
            Ok(event) => {
                event.map(|event| open.append(entry(event))).transpose()?;
                None
            }
            Err(gone @ ServiceError::Refused(Refusal::LineMoved)) if to == NoTo::Activity => Some(gone),
            Err(error) => return Err(error),
        };
        let closing = Closing {
            urgency: Urgency::Protective,
            claim: Some(Claim { reserve, record }),
            settle: Vec::new(),
            due: if steps.is_empty() { Vec::new() } else { due::upcoming(&open, target.line) },
            done: due::done(&steps, &target),
        };
        match self.vault.close(open, closing).await {
            Ok(_) | Err(CommitError::Answered(_)) => gone.map_or(Ok(true), Err),
            Err(CommitError::Conflict) => Ok(false),
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => Err(error.into()),
        }
    }
}

/// What is to be ended, with its account.
struct Declined {
    open: Box<OpenAccount>,
    target: Target,
    /// The decision, or whatever else was not them.
    about: RecordId,
    /// The approval whose permit was asked for.
    granted: Option<RecordId>,
    /// The release that it started.
    releases: Option<ReleaseId>,
    /// The device that it added.
    added: Option<DeviceId>,
}

/// The release that a decision started, if it did.
fn released_by(record: &Record) -> Option<ReleaseId> {
    match &record.event {
        Event::Decided(decided) => match decided.made {
            Some(Made::Release(release)) => Some(release),
            _ => None,
        },
        _ => None,
    }
}

/// The device that a decision's permit or a reminder is about. A device is named by the record of its permit's redemption; of another
/// change no device has that name.
fn added_by(record: &Record, open: &OpenAccount, granted: Option<RecordId>) -> Option<DeviceId> {
    let redemption = match (&record.event, granted.and_then(|granted| open.permit(granted))) {
        (Event::DeviceWaits { device }, _) => return Some(device.clone()),
        (_, Some(Permit { state: PermitState::Redeemed { redemption, .. }, .. })) => *redemption,
        _ => return None,
    };
    DeviceId::parse(&redemption.to_string()).ok()
}

/// Cancels a release that is not over: the lock is on as before.
fn cancel(open: &mut OpenAccount, target: &Target, release: ReleaseId) -> Option<Event> {
    let seq = open.next_seq();
    let (locks, scope) = locks_of(open, target).ok()?;
    protect::cancel(locks, scope, release, seq).ok()
}

/// Whether the challenge was completed while nobody looked: then there is a permit to take back.
fn is_met_since(open: &OpenAccount, decision: RecordId, granted: Option<RecordId>) -> bool {
    let state = open.challenge(decision).map(|pending| pending.state);
    granted.is_none() && matches!(state, Some(PendingState::Met { .. }))
}

/// Whether there is still something to end.
fn is_open(open: &OpenAccount, decision: RecordId, granted: Option<RecordId>, now: DateTime<Utc>) -> bool {
    match granted.and_then(|granted| open.permit(granted)) {
        Some(permit) => permit.state == PermitState::Open && permit.expires_at > now,
        None => open
            .challenge(decision)
            .is_some_and(|pending| pending.state == PendingState::Open && pending.expires_at > now),
    }
}

/// Ends what still can be: an open challenge, or a permit that was not used. Whether there was one, or somebody said no before.
fn end(open: &mut OpenAccount, decision: RecordId, granted: Option<RecordId>, now: DateTime<Utc>) -> bool {
    if let Some(permit) = granted.and_then(|granted| open.permit_mut(granted)) {
        let ends = permit.state == PermitState::Open && permit.expires_at > now;
        if ends {
            permit.state = PermitState::Withdrawn { at: now };
        }
        return ends;
    }
    let Some(pending) = open.challenge_mut(decision) else { return false };
    match pending.state {
        PendingState::Open if pending.expires_at > now => {
            pending.state = PendingState::Declined { at: now };
            true
        }
        PendingState::Declined { .. } => true,
        PendingState::Open | PendingState::Met { .. } | PendingState::Withdrawn { .. } => false,
    }
}

/// Whether a line is on another account by now.
fn has_moved(open: &OpenAccount, line: Token) -> bool {
    open.line(line).is_some_and(|line| line.status == LineStatus::Moved)
}

/// The customer's lock on everything, on the line or, of what is no line's, on the account.
fn lock_everything(
    open: &mut OpenAccount,
    requester: &Requester,
    target: &Target,
    now: DateTime<Utc>,
) -> Result<Event, ServiceError> {
    let held = Held { since: now, by: requester.person.clone(), reason: None };
    let seq = open.next_seq();
    let (set, holder) = (LockSet::All, LockHolder::Customer);
    // A lock on a row that was left behind would protect nothing.
    if target.line.is_some_and(|line| has_moved(open, line)) {
        return Err(ServiceError::Refused(Refusal::LineMoved));
    }
    let (locks, scope) = locks_of(open, target)?;
    locks.set(set, holder, held, seq);
    Ok(Event::LockSet { scope, set, holder, reason: None })
}
