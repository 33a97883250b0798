//! Decisions after they were made: read, given back, reported on.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::answer::{Answer, DecisionState, Epochs, pending_state, permit_state};
use super::ask::{CONFLICT_RETRIES_MAX, account_of};
use super::due;
use super::engine::Engine;
use super::error::ServiceError;
use super::question::{Body, asked_by, caller_of, grants_permit};
use super::refusal::Refusal;
use super::rights::{Authorised, Right, Whose, right};
use super::separations::may_see;
use super::target::{Scope, Target};
use super::unbroken::Unbroken;
use crate::audit::{AnswerWindow, Event, ReadOf, ReportedOutcome};
use crate::crypto::Token;
use crate::domain::{OutcomeKind, PendingState, PermitState, RecordId, Reference, RequestId, Requester};
use crate::store::{
    Ask, Claim, Closing, CommitError, Entry, Found, Kept, OpenAccount, Opening, Position, Reserve, Urgency,
};

/// A request about a decision made before.
#[derive(Debug, Clone)]
pub struct AboutDecision {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The decision.
    pub decision: RecordId,
}

/// What became of a decided change.
#[derive(Debug, Clone)]
pub struct Report {
    /// What.
    pub outcome: ReportedOutcome,
    /// When, if known.
    pub occurred_at: Option<DateTime<Utc>>,
    /// In the reporter's words.
    pub note: Option<Reference>,
}

/// A decision's record with its account opened.
struct Reopened {
    kept: Kept,
    open: Box<OpenAccount>,
    target: Target,
}

/// What a request does with a decision's account.
type Follow = fn(&mut OpenAccount, &Kept, DateTime<Utc>) -> Result<(), ServiceError>;

/// Reopening, or the request done before.
enum Reopening {
    Open(Box<Reopened>),
    Repeated,
}

impl Engine {
    /// Reads a decision and where it stands now.
    pub async fn get_decision(
        &self,
        who: &Authorised<right::ReadDecision>,
        decision: RecordId,
        at_least: Option<Position>,
    ) -> Result<Answer, ServiceError> {
        let (answer, open) = self.decision_now(who, decision, at_least).await?;
        if who.whose() == Whose::Brand
            && let Some(account) = open.account()
        {
            // Not what it asked for itself.
            let scope = Scope::Account(account.id.clone());
            self.note_read(who.requester(), &scope, ReadOf::Decision).await?;
        }
        Ok(answer)
    }

    /// A decision that the caller asked for, as it stands now, and when time alone may change that.
    pub(super) async fn look_at_decision(
        &self,
        who: &Authorised<right::WatchDecision>,
        decision: RecordId,
        at_least: Option<Position>,
    ) -> Result<(Answer, Option<DateTime<Utc>>), ServiceError> {
        // Only read, so that whoever waits for an answer takes nobody's place in the account's queue.
        let kept = self.decision_record(who, decision).await?;
        let (answer, open) = self.decision_as_kept(who, kept, at_least).await?;
        let window = answer.decided().map(|decided| decided.window);
        // One that was completed in vain stands as its challenge does.
        let pending = challenge_of(answer.kept()).and_then(|challenge| open.challenge(challenge));
        let until = match (pending, window) {
            (Some(pending), _) => Some(pending.changes_at(self.now()?.instant())),
            (None, Some(AnswerWindow::OpenUntil(until) | AnswerWindow::Permit { expires_at: until, .. })) => {
                Some(until)
            }
            (None, _) => None,
        };
        Ok((answer, until))
    }

    async fn decision_now<R: Right>(
        &self,
        who: &Authorised<R>,
        decision: RecordId,
        at_least: Option<Position>,
    ) -> Result<(Answer, Box<OpenAccount>), ServiceError> {
        let kept = self.decision_record(who, decision).await?;
        let _turn = self.queues.enter(kept.account()).await?;
        self.decision_as_kept(who, kept, at_least).await
    }

    async fn decision_as_kept<R: Right>(
        &self,
        who: &Authorised<R>,
        kept: Kept,
        at_least: Option<Position>,
    ) -> Result<(Answer, Box<OpenAccount>), ServiceError> {
        let now = self.now()?.instant();
        let Reopening::Open(reopened) = self.reopen(who.requester(), kept, None, at_least, now).await? else {
            return Err(ServiceError::NotFound("decision"));
        };
        let Reopened { kept, mut open, target } = *reopened;
        due::apply(&mut open, target.line, now)?;
        let state = state_of(&kept, &open, target.line, now)?;
        Ok((self.answer(who.requester(), kept, Some(state), None)?, open))
    }

    /// Gives a decision back: its permit is void from here on.
    pub async fn withdraw_decision(
        self: &Arc<Self>,
        who: Authorised<right::WithdrawDecision>,
        about: AboutDecision,
        cause: Option<Reference>,
    ) -> Result<Answer, ServiceError> {
        let event = Event::DecisionWithdrawn { decision: about.decision, cause };
        self.follow_up(who, about, event, withdraw).await
    }

    /// Writes down what became of a decided change.
    pub async fn report_outcome(
        self: &Arc<Self>,
        who: Authorised<right::ReportOutcome>,
        about: AboutDecision,
        report: Report,
    ) -> Result<Answer, ServiceError> {
        let Report { outcome, occurred_at, note } = report;
        let event = Event::OutcomeReported { decision: about.decision, outcome, occurred_at, note };
        self.follow_up(who, about, event, |_, _, _| Ok(())).await
    }

    async fn follow_up<R: Right + Send + Sync + 'static>(
        self: &Arc<Self>,
        who: Authorised<R>,
        about: AboutDecision,
        event: Event,
        change: Follow,
    ) -> Result<Answer, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let now = engine.now()?.instant();
            let reserve = engine.reserve(who.requester(), about.request_id, &about.body);
            let kept = engine.decision_record(&who, about.decision).await?;
            for _ in 0..=CONFLICT_RETRIES_MAX {
                let _turn = engine.queues.enter(kept.account()).await?;
                match engine.reopen(who.requester(), kept.clone(), Some(reserve), None, now).await? {
                    Reopening::Repeated => {
                        let reopening = engine.reopen(who.requester(), kept, None, None, now).await?;
                        let Reopening::Open(reopened) = reopening else {
                            return Err(ServiceError::NotFound("decision"));
                        };
                        let state = state_of(&reopened.kept, &reopened.open, reopened.target.line, now)?;
                        return engine.answer(who.requester(), reopened.kept, Some(state), None);
                    }
                    Reopening::Open(reopened) => {
                        let noted = engine.record_follow_up(&who, *reopened, (event.clone(), change), reserve, now);
                        if let Some(answer) = noted.await? {
                            return Ok(answer);
                        }
                    }
                }
            }
            Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
        })
        .await
    }

    /// None where another engine changed the account meanwhile: the next attempt finds what it did.
    async fn record_follow_up<R: Right>(
        &self,
        who: &Authorised<R>,
        reopened: Reopened,
        (event, change): (Event, Follow),
        reserve: Reserve,
        now: DateTime<Utc>,
    ) -> Result<Option<Answer>, ServiceError> {
        let Reopened { kept, mut open, target } = reopened;
        let steps = due::apply(&mut open, target.line, now)?;
        change(&mut open, &kept, now)?;
        let caller = Some(caller_of(who.requester()));
        let record = open.append(Entry { at: now, line: target.line, caller, channel: None, event })?;
        let state = state_of(&kept, &open, target.line, now)?;
        let due = if steps.is_empty() { Vec::new() } else { due::upcoming(&open, target.line) };
        let (claim, done) = (Some(Claim { reserve, record }), due::done(&steps, &target));
        let closing = Closing { urgency: Urgency::Ordinary, claim, settle: Vec::new(), due, done };
        match self.vault.close(open, closing).await {
            Ok(closed) => self.answer(who.requester(), kept, Some(state), Some(closed.position)).map(Some),
            Err(CommitError::Conflict | CommitError::Answered(_)) => Ok(None),
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => Err(error.into()),
        }
    }

    /// A decision's record, if the caller may know of it. One that is not theirs is answered like one that is not there.
    ///
    /// INVARIANT (unknown-looks-known): ids say nothing to who did not ask.
    async fn decision_record<R: Right>(&self, who: &Authorised<R>, decision: RecordId) -> Result<Kept, ServiceError> {
        let kept = match self.vault.find(decision).await? {
            Found::Kept(kept) => *kept,
            // Told by the id's time alone, whoever asked for it and whether it ever was.
            Found::Archived => return Err(ServiceError::Refused(Refusal::RecordArchived)),
            Found::Nowhere => return Err(ServiceError::NotFound("decision")),
        };
        let is_decision = matches!(kept.record().event, Event::Decided(_));
        let theirs = who.whose() == Whose::Brand || asked_by(kept.record().caller.as_ref(), who.requester());
        if is_decision && theirs { Ok(kept) } else { Err(ServiceError::NotFound("decision")) }
    }

    async fn reopen(
        &self,
        requester: &Requester,
        kept: Kept,
        reserve: Option<Reserve>,
        at_least: Option<Position>,
        now: DateTime<Utc>,
    ) -> Result<Reopening, ServiceError> {
        let line = kept.record().line.as_ref().map(|line| self.vault.tokens().line(&requester.brand, &line.id));
        let account = kept.account();
        let target = Target { account, line, name: line.unwrap_or(account), indexed: true, separated: false };
        let grants = matches!(&kept.record().event, Event::Decided(decided) if grants_permit(decided));
        let ask = Ask {
            account,
            lines: line.into_iter().collect(),
            permit: grants.then_some(kept.record().id),
            reserve,
            charges: Vec::new(),
            windows: Vec::new(),
            now,
            at_least,
        };
        let challenge = challenge_of(&kept).map(|challenge| self.challenge_token(challenge));
        match self.vault.open_with(ask, challenge.into_iter().collect()).await? {
            Opening::Open(open) => {
                // INVARIANT (unknown-looks-known): a brand's desk reads its own brand's decisions, and no other's.
                let theirs = open.account().is_some_and(|account| may_see(requester, &account.brand, &account.id));
                if theirs || asked_by(kept.record().caller.as_ref(), requester) {
                    Ok(Reopening::Open(Box::new(Reopened { kept, open, target })))
                } else {
                    Err(ServiceError::NotFound("decision"))
                }
            }
            Opening::Answered(_) => Ok(Reopening::Repeated),
            Opening::Taken => Err(ServiceError::RequestIdReused),
        }
    }
}

/// Gives the permit back, if there is one that is still open.
fn withdraw(open: &mut OpenAccount, kept: &Kept, now: DateTime<Utc>) -> Result<(), ServiceError> {
    let id = kept.record().id;
    if let Some(pending) = challenge_of(kept).and_then(|challenge| open.challenge_mut(challenge)) {
        return match pending.state {
            PendingState::Open if pending.expires_at > now => {
                pending.state = PendingState::Withdrawn { at: now };
                Ok(())
            }
            _ => Err(ServiceError::Refused(Refusal::DecisionFinal)),
        };
    }
    match open.permit(id).map(|permit| permit.state) {
        Some(PermitState::Open) => {}
        Some(PermitState::Redeemed { .. }) => return Err(ServiceError::Refused(Refusal::PermitUsed)),
        Some(PermitState::Withdrawn { .. }) | None => return Err(ServiceError::Refused(Refusal::DecisionFinal)),
    }
    if let Some(permit) = open.permit_mut(id) {
        permit.state = PermitState::Withdrawn { at: now };
    }
    Ok(())
}

/// The challenge that a decision is, or that it tried to complete.
fn challenge_of(kept: &Kept) -> Option<RecordId> {
    match &kept.record().event {
        Event::Decided(decided) if matches!(decided.window, AnswerWindow::OpenUntil(_)) => decided.challenge,
        _ => None,
    }
}

/// Where a decision stands now.
fn state_of(
    kept: &Kept,
    open: &OpenAccount,
    line: Option<Token>,
    now: DateTime<Utc>,
) -> Result<DecisionState, ServiceError> {
    let Event::Decided(decided) = &kept.record().event else { return Err(ServiceError::NotFound("decision")) };
    let account = &account_of(open)?.protection;
    let line = line.and_then(|token| open.line(token));
    if let AnswerWindow::OpenUntil(until) = decided.window {
        let pending = challenge_of(kept).and_then(|challenge| open.challenge(challenge));
        let of_line = line.map(|line| &line.protection);
        return Ok(match pending {
            Some(pending) => pending_state(pending, [Some(account), of_line], now),
            // It waits for nobody: whoever asked asks again.
            None if until <= now => DecisionState::Expired,
            None => DecisionState::Pending,
        });
    }
    match (decided.outcome, open.permit(kept.record().id), line) {
        (OutcomeKind::Approve, Some(permit), Some(line)) => {
            Ok(permit_state(permit, &Epochs { account, line: &line.protection }, now))
        }
        _ => Ok(DecisionState::Final),
    }
}
