//! What a no does: it ends what can still be ended, and locks.

use chrono::{DateTime, Utc};

use super::declining::{Declining, NoTo};
use super::finding::{Challenged, challenged};
use super::keeping::prompts_of;
use crate::audit::{Event, Made, Record};
use crate::crypto::Token;
use crate::domain::{
    Change, DeviceId, Document, Held, LineStatus, LockHolder, LockSet, PendingState, Permit, PermitState, RecordId,
    ReleaseId, Requester,
};
use crate::service::due;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::protect::{self, locks_of};
use crate::service::question::{caller_of, grants_permit};
use crate::service::refusal::Refusal;
use crate::service::target::Target;
use crate::store::{Ask, Claim, Closing, CommitError, Entry, Found, Kept, OpenAccount, Opening, Reserve, Urgency};

impl Engine {
    /// The account with what is to be ended; none where this request did it before.
    pub(super) async fn open_declined(
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
            Event::EvidenceGiven { challenge, .. } if *challenge == record.id => {
                self.met_by(requester, kept, now).await?
            }
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
        match self.vault.open_with(ask, vec![self.pending_token(record), self.prompts_token(&target)]).await? {
            Opening::Open(open) => {
                let releases = match granted.filter(|granted| *granted != record.id) {
                    Some(granted) => self.released_by(granted).await?,
                    None => released_by(record),
                };
                let added = added_by(record, &open, granted);
                let change = match &record.event {
                    Event::Decided(decided) => Some(decided.change.clone()),
                    _ => None,
                };
                Ok(Some(Declined { open, target, about: record.id, change, granted, releases, added }))
            }
            Opening::Answered(_) => Ok(None),
            Opening::Taken => Err(ServiceError::RequestIdReused),
        }
    }

    /// The release that the decision started which completed a challenge, if it did.
    async fn released_by(&self, decision: RecordId) -> Result<Option<ReleaseId>, ServiceError> {
        let Found::Kept(kept) = self.vault.find(decision).await? else { return Ok(None) };
        Ok(released_by(kept.record()))
    }

    /// The decision that completed a challenge, or used what was given ahead, if one did.
    async fn met_by(
        &self,
        requester: &Requester,
        kept: &Kept,
        now: DateTime<Utc>,
    ) -> Result<Option<RecordId>, ServiceError> {
        let Challenged { pending, .. } = self.pending(requester, kept, now).await?;
        Ok(if let PendingState::Met { by, .. } = pending.state { Some(by) } else { None })
    }

    /// Takes off a device that was added lately. Not one that has been known for long: without it others would prove less than with it.
    fn remove(&self, open: &mut OpenAccount, device: &DeviceId, now: DateTime<Utc>) -> bool {
        let waits = self.policy().device;
        let Some(account) = open.account_mut() else { return false };
        account.device(device).is_some_and(|device| device.is_contestable(waits, now))
            && account.revoke_device(device, now)
    }

    /// Whether it was committed; if not, another engine changed the account.
    pub(super) async fn decline(
        &self,
        requester: &Requester,
        (declining, to): (&Declining, NoTo),
        reserve: Reserve,
        Declined { mut open, target, about, change, granted, releases, added }: Declined,
        now: DateTime<Utc>,
    ) -> Result<bool, ServiceError> {
        let steps = due::apply(&mut open, target.line, now)?;
        if is_met_since(&open, about, granted) {
            return Ok(false);
        }
        let was_open = is_open(&open, about, granted, now);
        let ended = end(&mut open, about, granted, now);
        let cancelled = releases.and_then(|release| cancel(&mut open, &target, release));
        let removed = added.filter(|device| declining.not_me && self.remove(&mut open, device, now));
        let ends_something = was_open || removed.is_some() || cancelled.is_some();
        check_ends(to, (ended, declining.not_me), ends_something)?;
        // INVARIANT of P20: who said no is not asked again for a day; from when they said it, not from when it was said again.
        if was_open || declining.not_me {
            let token = self.prompts_token(&target);
            let mut prompts = prompts_of(&open, token);
            let line = target.line.and_then(|token| open.line(token));
            let undoes = line.zip(change.as_ref()).is_some_and(|(line, change)| line.undoes(change, now));
            prompts.decline(undoes, now);
            open.put_document(token, Document::Prompts(prompts))?;
        }
        let (caller, channel) = (Some(caller_of(requester)), Some(declining.channel));
        let entry = |event| Entry { at: now, line: target.line, caller: caller.clone(), channel, event };
        let Declining { decision, not_me, .. } = *declining;
        let said = match to {
            NoTo::Decision => Event::ChallengeDeclined { decision: about, not_me },
            NoTo::Activity | NoTo::Notice => Event::ActivityDisputed { activity: decision },
        };
        let record = open.append(entry(said))?;
        if let Some(event) = cancelled {
            open.append(entry(event))?;
        }
        let mut locked = target;
        if let Some(device) = removed {
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
            Err(gone @ ServiceError::Refused(Refusal::LineMoved)) if to != NoTo::Decision => Some(gone),
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

/// Refuses a no that comes too late, where nothing follows from it.
const fn check_ends(to: NoTo, (ended, not_me): (bool, bool), ends_something: bool) -> Result<(), ServiceError> {
    match to {
        // It was too late to stop this one. What follows of "not me" is not.
        NoTo::Decision if !ended && !not_me => Err(ServiceError::Refused(Refusal::ChallengeOver)),
        NoTo::Notice if !ends_something => Err(ServiceError::Refused(Refusal::NothingToCancel)),
        NoTo::Decision | NoTo::Activity | NoTo::Notice => Ok(()),
    }
}

/// What is to be ended, with its account.
pub(super) struct Declined {
    open: Box<OpenAccount>,
    target: Target,
    /// The decision, or whatever else was not them.
    about: RecordId,
    /// What that asked for, where it is a decision.
    change: Option<Change>,
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
pub(super) fn has_moved(open: &OpenAccount, line: Token) -> bool {
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
