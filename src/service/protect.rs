//! Turning protection on, and asking for its release.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::ask::{Approved, Effect, account_of};
use super::due;
use super::engine::Engine;
use super::error::ServiceError;
use super::question::{Body, Question, caller_of};
use super::refusal::Refusal;
use super::rights::{Authorised, Right, authorise, right};
use super::target::{Scope, Target};
use super::unbroken::Unbroken;
use crate::audit::{AnswerWindow, Event, Made, ReadOf};
use crate::crypto::{Token, change_digest};
use crate::domain::{
    Account, Change, Channel, Held, Line, Lock, LockError, LockHolder, LockName, LockSet, OutcomeKind, Protection,
    Reference, Release, ReleaseId, ReleaseOpens, ReleaseScope, RequestId, Requester, Role, RuleId, Seq, StepScope,
};
use crate::policy::ReleasePlan;
use crate::store::{Ask, Claim, Closing, CommitError, Entry, OpenAccount, Opening, Position, Reserve, Urgency};

/// A request that only turns protection up: a lock on, or a release cancelled.
#[derive(Debug, Clone)]
pub struct Guarding {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The line or account.
    pub scope: Scope,
    /// The channel.
    pub channel: Channel,
}

/// A lock to turn on.
#[derive(Debug, Clone)]
pub struct LockOrder {
    /// Which actions.
    pub set: LockSet,
    /// Whose lock.
    pub holder: LockHolder,
    /// The carrier's reason; required of carriers' locks.
    pub reason: Option<Reference>,
}

/// The locks of one scope as they now stand.
#[derive(Debug, Clone)]
pub struct ProtectionView {
    /// The line by its subscription, or nothing for the account.
    pub line: Option<crate::domain::LineId>,
    /// The account.
    pub account: crate::domain::AccountId,
    /// Its locks.
    pub protection: Protection,
    /// As of when.
    pub as_of: DateTime<Utc>,
    /// What the caller has now seen of the store.
    pub position: Option<Position>,
}

impl Engine {
    /// Turns a lock on. Anyone who may see the account may, at once; what was granted before is void with the same commit.
    pub async fn set_lock(
        self: &Arc<Self>,
        who: Authorised<right::SetLock>,
        guarding: Guarding,
        order: LockOrder,
    ) -> Result<ProtectionView, ServiceError> {
        if order.holder == LockHolder::Carrier {
            authorise::<right::SetCarrierLock>(who.requester().clone())?;
            if order.reason.is_none() {
                let expected = "must say why: a carrier's lock is placed with its reason";
                return Err(ServiceError::Invalid { field: "reason_code", expected });
            }
        }
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let change = |locks: &mut Protection, scope, context: &GuardContext<'_>| {
                let held =
                    Held { since: context.now, by: context.requester.person.clone(), reason: order.reason.clone() };
                locks.set(order.set, order.holder, held, context.seq);
                Ok(Event::LockSet { scope, set: order.set, holder: order.holder, reason: order.reason.clone() })
            };
            engine.guard(&who, &guarding, &change).await
        })
        .await
    }

    /// Cancels a release, whether it has taken effect or not. It can only lock.
    pub async fn cancel_release(
        self: &Arc<Self>,
        who: Authorised<right::CancelRelease>,
        guarding: Guarding,
        release: ReleaseId,
    ) -> Result<ProtectionView, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move { engine.guard(&who, &guarding, &cancels(release)).await }).await
    }

    /// Asks for the release of a lock: a decision, whose approval starts the release's delay.
    pub async fn release_lock(
        self: &Arc<Self>,
        who: Authorised<right::ReleaseLock>,
        question: Question,
    ) -> Result<(Answer, Option<ProtectionView>), ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let mut release = StartRelease::of(&question, who.requester().role).ok_or(NO_LOCK)?;
            let answer = engine.ask(&who, &question, &mut release).await?;
            // A pad or a voice system is told of the locks only once the owner has proven that they ask.
            let told = <right::ReadProtection as Right>::whose(who.requester().role).is_some();
            let told = told || answer.decided().is_some_and(|decided| decided.outcome == OutcomeKind::Approve);
            let view = if told { Some(engine.protection(who.requester(), &question.scope, None).await?) } else { None };
            Ok((answer, view))
        })
        .await
    }

    /// The locks of a line or account as they stand now; after a line's, those of its account, which cover it too.
    pub async fn get_protection(
        &self,
        who: &Authorised<right::ReadProtection>,
        scope: &Scope,
        at_least: Option<Position>,
    ) -> Result<Vec<ProtectionView>, ServiceError> {
        let target = self.target(who.requester(), scope).await?;
        self.check_reach(who, &target)?;
        self.note_read(who.requester(), scope, ReadOf::Protection).await?;
        let now = self.now()?.instant();
        let (mut open, target) = self.peek(who.requester(), scope, at_least, now).await?;
        due::apply(&mut open, target.line, now)?;
        let mut views = vec![view(&open, &target, now, None)?];
        if target.line.is_some() {
            views.push(view(&open, &Target { line: None, ..target }, now, None)?);
        }
        Ok(views)
    }

    async fn protection(
        &self,
        requester: &Requester,
        scope: &Scope,
        at_least: Option<Position>,
    ) -> Result<ProtectionView, ServiceError> {
        let now = self.now()?.instant();
        let (mut open, target) = self.peek(requester, scope, at_least, now).await?;
        due::apply(&mut open, target.line, now)?;
        view(&open, &target, now, None)
    }

    /// Opens an account only to read it.
    pub(super) async fn peek(
        &self,
        requester: &Requester,
        scope: &Scope,
        at_least: Option<Position>,
        now: DateTime<Utc>,
    ) -> Result<(Box<OpenAccount>, Target), ServiceError> {
        let mut target = self.target(requester, scope).await?;
        loop {
            if !target.indexed {
                self.charge_unknown(requester, target.name, now).await?;
                return Err(ServiceError::NotFound("line"));
            }
            let opening = self.vault.open(reading(&target, None, at_least, now)).await?;
            let Opening::Open(open) = opening else { return Err(ServiceError::RequestIdReused) };
            match self.better_target(requester, &open, scope, target).await? {
                Some(better) => target = better,
                None => return Ok((open, target)),
            }
        }
    }

    /// The way of everything that only turns protection up: it checks the head and its line, never a credential, and passes
    /// below the disk reserve.
    pub(super) async fn guard<R: Right, F>(
        &self,
        who: &Authorised<R>,
        guarding: &Guarding,
        change: &F,
    ) -> Result<ProtectionView, ServiceError>
    where
        F: Fn(&mut Protection, StepScope, &GuardContext<'_>) -> Result<Event, ServiceError> + Sync,
    {
        let now = self.now()?.instant();
        let requester = who.requester();
        let reserve = self.reserve(requester, guarding.request_id, &guarding.body);
        for _ in 0..=super::ask::CONFLICT_RETRIES_MAX {
            let mut target = self.target(requester, &guarding.scope).await?;
            let (turn, open) = loop {
                self.check_reach(who, &target)?;
                if !target.indexed {
                    // By the number: one request id is no ticket to try many.
                    self.charge_unknown(requester, target.name, now).await?;
                    return Err(ServiceError::NotFound("line"));
                }
                let turn = self.queues.enter_to_protect(target.account).await?;
                let open = match self.vault.open(reading(&target, Some(reserve), None, now)).await? {
                    Opening::Open(open) => open,
                    Opening::Answered(_) => return self.protection(requester, &guarding.scope, None).await,
                    Opening::Taken => return Err(ServiceError::RequestIdReused),
                };
                match self.better_target(requester, &open, &guarding.scope, target).await? {
                    Some(better) => target = better,
                    None => break (turn, open),
                }
            };
            let closed = self.close_guard(requester, guarding, change, reserve, open, target, now).await?;
            drop(turn);
            if let Some(view) = closed {
                return Ok(view);
            }
        }
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }

    #[expect(clippy::too_many_arguments, reason = "the one step that needs all that was gathered")]
    async fn close_guard<F>(
        &self,
        requester: &Requester,
        guarding: &Guarding,
        change: &F,
        reserve: Reserve,
        mut open: Box<OpenAccount>,
        target: Target,
        now: DateTime<Utc>,
    ) -> Result<Option<ProtectionView>, ServiceError>
    where
        F: Fn(&mut Protection, StepScope, &GuardContext<'_>) -> Result<Event, ServiceError>,
    {
        let steps = due::apply(&mut open, target.line, now)?;
        let context = GuardContext { requester, now, seq: open.next_seq() };
        let (locks, scope) = locks_of(&mut open, &target)?;
        let event = change(locks, scope, &context)?;
        let (caller, channel) = (Some(caller_of(requester)), Some(guarding.channel));
        let record = open.append(Entry { at: now, line: target.line, caller, channel, event })?;
        let seen = view(&open, &target, now, None)?;
        let closing = Closing {
            urgency: Urgency::Protective,
            claim: Some(Claim { reserve, record }),
            settle: Vec::new(),
            due: if steps.is_empty() { Vec::new() } else { due::upcoming(&open, target.line) },
            done: due::done(&steps, &target),
        };
        match self.vault.close(open, closing).await {
            Ok(closed) => Ok(Some(ProtectionView { position: Some(closed.position), ..seen })),
            Err(CommitError::Conflict) => Ok(None),
            Err(CommitError::Answered(_)) => self.protection(requester, &guarding.scope, None).await.map(Some),
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => Err(error.into()),
        }
    }
}

/// Turns a carrier's locks on for the line that was asked about, as rules say, in the commit of the decision that they refused. Like any
/// lock it voids what was granted before. One that is on, or that its owner takes off, stays as it is: no rule undoes their release.
pub(super) fn lock_by_rule(
    open: &mut OpenAccount,
    line: Option<Token>,
    locks: &[(LockSet, RuleId)],
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    const HOLDER: LockHolder = LockHolder::Carrier;
    for (set, rule) in locks {
        let (seq, reason) = (open.next_seq(), Reference::parse(rule).ok());
        let Some(row) = line.and_then(|line| open.line_mut(line)) else { return Ok(()) };
        if !matches!(row.protection.lock((*set, HOLDER)), Lock::Off) {
            continue;
        }
        row.protection.set(*set, HOLDER, Held { since: now, by: None, reason: reason.clone() }, seq);
        let event = Event::LockSet { scope: StepScope::Line, set: *set, holder: HOLDER, reason };
        open.append(Entry { at: now, line, caller: None, channel: None, event })?;
    }
    Ok(())
}

/// Cancels a release: the lock is on as before.
pub(super) fn cancels(
    release: ReleaseId,
) -> impl Fn(&mut Protection, StepScope, &GuardContext<'_>) -> Result<Event, ServiceError> + Sync {
    move |locks, scope, context| cancel(locks, scope, release, context.seq)
}

/// Cancels a release that is not over, and says so.
pub(super) fn cancel(
    locks: &mut Protection,
    scope: StepScope,
    release: ReleaseId,
    seq: Seq,
) -> Result<Event, ServiceError> {
    let name = locks.cancel(release, seq).map_err(|_| ServiceError::Refused(Refusal::NoSuchRelease))?;
    Ok(Event::ReleaseCancelled { scope, name, release })
}

/// What a guarding change may know.
pub(super) struct GuardContext<'a> {
    requester: &'a Requester,
    now: DateTime<Utc>,
    /// The sequence number its record will have; what was granted up to here is void.
    seq: Seq,
}

pub(super) fn reading(
    target: &Target,
    reserve: Option<Reserve>,
    at_least: Option<Position>,
    now: DateTime<Utc>,
) -> Ask {
    Ask {
        account: target.account,
        lines: target.line.into_iter().collect(),
        permit: None,
        reserve,
        charges: Vec::new(),
        windows: Vec::new(),
        now,
        at_least,
    }
}

pub(super) fn locks_of<'a>(
    open: &'a mut OpenAccount,
    target: &Target,
) -> Result<(&'a mut Protection, StepScope), ServiceError> {
    match target.line {
        Some(token) => {
            let line = open.line_mut(token).ok_or(ServiceError::NotFound("line"))?;
            Ok((&mut line.protection, StepScope::Line))
        }
        None => {
            let account = open.account_mut().ok_or(ServiceError::NotFound("account"))?;
            Ok((&mut account.protection, StepScope::Account))
        }
    }
}

fn view(
    open: &OpenAccount,
    target: &Target,
    as_of: DateTime<Utc>,
    position: Option<Position>,
) -> Result<ProtectionView, ServiceError> {
    let account = account_of(open)?;
    let line = target.line.map(|token| open.line(token).ok_or(ServiceError::NotFound("line"))).transpose()?;
    let protection = line.map_or(&account.protection, |line| &line.protection).clone();
    Ok(ProtectionView {
        line: line.map(|line| line.id.clone()),
        account: account.id.clone(),
        protection,
        as_of,
        position,
    })
}

const NO_LOCK: ServiceError = ServiceError::Invalid { field: "set", expected: "must name the lock to release" };

/// What an approved `LOCK_RELEASE` does: it starts the release's delay.
pub(super) struct StartRelease<'a> {
    lock: LockName,
    opens: &'a ReleaseOpens,
    scope: &'a Scope,
    /// Whether the asker may know how the lock stands before anything is proven.
    sighted: bool,
}

impl<'a> StartRelease<'a> {
    /// Of the release that a question asks for; none where it asks for something else.
    pub(super) fn of(question: &'a Question, asker: Role) -> Option<Self> {
        let Change::LockRelease { set, holder, opens } = &question.change else { return None };
        let sighted = <right::ReadProtection as Right>::whose(asker).is_some();
        Some(Self { lock: (*set, *holder), opens, scope: &question.scope, sighted })
    }
}

impl Effect for StartRelease<'_> {
    fn check(&self, account: &Account, line: &Line, _: DateTime<Utc>) -> Result<(), ServiceError> {
        // INVARIANT (unknown-looks-known): others learn it with the approval, which finds the same.
        if !self.sighted {
            return Ok(());
        }
        let locks = match self.scope {
            Scope::Line(_) => &line.protection,
            Scope::Account(_) => &account.protection,
        };
        match locks.lock(self.lock) {
            Lock::On(_) => Ok(()),
            Lock::Off => Err(ServiceError::Refused(Refusal::LockNotOn)),
            Lock::Releasing(..) | Lock::Released(..) => Err(ServiceError::Refused(Refusal::ReleaseUnderWay)),
        }
    }

    /// A line's. Who asks for an account's has nobody else to ask.
    fn waits(&self) -> bool {
        matches!(self.scope, Scope::Line(_))
    }

    fn approve(&mut self, approved: Approved<'_>) -> Result<(AnswerWindow, Option<Made>), ServiceError> {
        let Approved { engine, asking, open, target, decision, weighed, seq, .. } = approved;
        let now = asking.now;
        let id = ReleaseId::from_u128(engine.vault.ids().mint(now, target.account.partition())?);
        let via = asking.question.interaction.channel;
        let (scope, window) = match self.opens {
            ReleaseOpens::Only(change) => (ReleaseScope::Only(change_digest(change), change.gaining_spid()), None),
            ReleaseOpens::Window(window) => (ReleaseScope::Window, *window),
        };
        let plan = ReleasePlan::new(&weighed.policy, via, &account_of(open)?.resets, window, now);
        let release = Release {
            id,
            proven_at: now,
            effective_at: plan.effective_at,
            relock_at: plan.relock_at,
            scope,
            via,
            device: asking.requester.device.clone(),
            guard: plan.guard,
            decision,
        };
        let (locks, _) = locks_of(open, &target)?;
        locks.release(self.lock.0, self.lock.1, release, seq).map_err(|error| match error {
            LockError::NotOn => ServiceError::Refused(Refusal::LockNotOn),
            LockError::AlreadyReleasing | LockError::NoSuchRelease => ServiceError::Refused(Refusal::ReleaseUnderWay),
        })?;
        Ok((AnswerWindow::NoPermit, Some(Made::Release(id))))
    }
}
