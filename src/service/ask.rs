//! The way of one decision: the only file that knows the order of its steps.
//!
//! Find the account, wait for its turn, open it (the request's key reserved, attempts charged), apply what time has done,
//! look at the evidence, ask the policy, carry out an approval, commit, answer from the record. Every use case that needs
//! a decision comes this way and differs only in what an approval does: its [`Effect`].

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tracing::Instrument as _;

use super::answer::Answer;
use super::challenges;
use super::decided::{decided, entry};
use super::due;
use super::engine::Engine;
use super::error::ServiceError;
use super::incidents::Books;
use super::look::{Looked, note_findings};
use super::protect::lock_by_rule;
use super::question::Question;
use super::queues::Turn;
use super::refusal::Refusal;
use super::rights::{Authorised, Right};
use super::standing::{stand_in, stood_in};
use super::target::{LineRef, Target};
use super::unshown::may_not_know;
use super::velocity::{Counted, Ending};
use super::weigh::{Case, Weighed};
use crate::audit::{AnswerWindow, Event, Made};
use crate::domain::{
    Account, Approval, Change, Line, Mode, Outcome, OutcomeKind, RecordId, Requester, Seq, Standing, StoreRegister,
};
use crate::policy::Policy;
use crate::store::{Ask, Claim, Closing, CommitError, Entry, Found, Kept, OpenAccount, Opening, Reserve, Urgency};
use crate::telemetry::hop_span;

/// How often a use case starts again because another engine changed the account meanwhile.
pub(super) const CONFLICT_RETRIES_MAX: usize = 3;

/// What an approval does besides being recorded.
pub(super) trait Effect: Send {
    /// Refuses what makes no sense on this account, before anything is looked at.
    fn check(&self, account: &Account, line: &Line, now: DateTime<Utc>) -> Result<(), ServiceError>;

    /// Whether a challenge is kept for others to meet. Where it is not, whoever asked brings the proof with the question again.
    fn waits(&self) -> bool {
        false
    }

    /// Carries the approved change out, or grants the permit for it.
    fn approve(&mut self, approved: Approved<'_>) -> Result<(AnswerWindow, Option<Made>), ServiceError>;

    /// What else is on record of it, after the decision.
    fn follows(&mut self) -> Option<Event> {
        None
    }
}

/// An approval about to be committed, with the account it changes.
pub(super) struct Approved<'a> {
    pub engine: &'a Engine,
    pub asking: &'a Asking<'a>,
    pub open: &'a mut OpenAccount,
    pub target: Target,
    pub decision: RecordId,
    /// The decision's place in the account's chain.
    pub seq: Seq,
    pub approval: Approval,
    pub weighed: &'a Weighed,
}

/// A question with who asks it and when: what stays the same over every attempt.
pub(super) struct Asking<'a> {
    pub requester: &'a Requester,
    pub question: &'a Question,
    pub reserve: Reserve,
    /// What it is for.
    pub errand: Errand,
    /// What decides. Read once, so that no decision is half of one policy and half of the next.
    pub policy: &'a Arc<Policy>,
    /// In a batch, every line that is asked about: an approval names them all.
    pub batch: Option<&'a [LineRef]>,
    /// The one reading of the clock.
    pub now: DateTime<Utc>,
    /// What the fraud desk knows.
    pub books: &'a Books,
    /// The stores that are registered.
    pub stores: &'a StoreRegister,
}

/// What a question is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    /// An answer at once: who is challenged brings the proof with the question again.
    Answer,
    /// An answer, and where that is a challenge it waits for others, to whom codes can be sent or not.
    Wait {
        /// Whether they can.
        codes: bool,
    },
    /// No answer: it gives proof for another's ask.
    Give,
    /// No answer: it has a code sent for another's ask.
    SendCode,
}

impl Errand {
    /// Whether a code can be sent for it.
    pub(super) const fn sends_codes(self) -> bool {
        matches!(self, Self::Wait { codes: true } | Self::SendCode)
    }

    /// Whether a challenge of it waits for others.
    pub(super) const fn waits(self) -> bool {
        !matches!(self, Self::Answer)
    }

    /// Whether it is no ask.
    pub(super) const fn gives(self) -> bool {
        matches!(self, Self::Give | Self::SendCode)
    }
}

/// What one attempt came to.
enum Attempt {
    /// Committed now, or before.
    Answered(Box<Answer>),
    /// Another engine changed the account: again.
    Again,
}

/// An account opened for a question.
pub(super) struct Ready {
    pub target: Target,
    pub open: Box<OpenAccount>,
    pub counted: Counted,
    /// Held until what is done with it is committed.
    pub turn: Turn,
}

/// What opening an account for a question came to.
pub(super) enum OpenFor {
    /// Here it is.
    Ready(Box<Ready>),
    /// The question was answered by that record; what was charged anew for it is still to be taken back.
    Before(RecordId, Counted),
}

impl Attempt {
    fn answered(answer: Answer) -> Self {
        Self::Answered(Box::new(answer))
    }
}

impl Engine {
    /// Asks the policy about a change and answers from the committed record.
    pub(super) async fn ask<R: Right, E: Effect>(
        &self,
        who: &Authorised<R>,
        question: &Question,
        effect: &mut E,
    ) -> Result<Answer, ServiceError> {
        let now = self.now()?.instant();
        let requester = who.requester();
        self.check_question(requester, question, now)?;
        let reserve = self.reserve(requester, question.request_id, &question.body);
        let books = self.books(&requester.brand).await?;
        let stores = self.stores.load_full();
        let waits = effect.waits() && question.mode == Mode::Enforce;
        let errand = if waits { Errand::Wait { codes: self.sends_codes() } } else { Errand::Answer };
        let (books, stores, policy) = (&books, &*stores, &self.policy());
        let asking = Asking { requester, question, reserve, errand, policy, batch: None, now, books, stores };
        let mut looked = Looked::default();
        for _ in 0..=CONFLICT_RETRIES_MAX {
            // On the heap, where it stays: as a part of its caller's future it would be copied with it from hand to hand.
            let attempt = Box::pin(self.attempt(who, &asking, effect, &mut looked));
            if let Attempt::Answered(answer) = attempt.await? {
                return Ok(*answer);
            }
        }
        // INVARIANT (fail-closed): exhausted retries are no answer.
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }

    async fn attempt<R: Right, E: Effect>(
        &self,
        who: &Authorised<R>,
        asking: &Asking<'_>,
        effect: &mut E,
        looked: &mut Looked,
    ) -> Result<Attempt, ServiceError> {
        match self.open_for(who, asking).await? {
            OpenFor::Ready(ready) => {
                let Ready { target, open, counted, turn: _turn } = *ready;
                self.decide_on(asking, effect, looked, target, (open, counted)).await
            }
            OpenFor::Before(id, counted) => self.answered_before(asking, id, &counted).await,
        }
    }

    /// Finds the account that answers for a question, waits for its turn, and opens it, the question's key reserved and all
    /// that is counted charged.
    pub(super) async fn open_for<R: Right>(
        &self,
        who: &Authorised<R>,
        asking: &Asking<'_>,
    ) -> Result<OpenFor, ServiceError> {
        let mut target = self.target(asking.requester, &asking.question.scope).instrument(hop_span("find")).await?;
        loop {
            self.check_reach(who, &target)?;
            self.check_budget(asking, &target).await?;
            if !target.indexed {
                self.charge_unknown(asking.requester, asking.reserve.request, asking.now).await?;
            } else if target.line.is_none() && !self.exists(&target, asking.now).await? {
                // Before any window is made for a name that nobody has.
                self.charge_unknown(asking.requester, target.name, asking.now).await?;
                return Err(ServiceError::NotFound("account"));
            }
            let turn = self.queues.enter(target.account).instrument(hop_span("wait")).await?;
            // Both at once: where both must be durable, one group of the store makes them so.
            let plan = self.plan(asking, &target, target.line.into_iter().collect());
            let opening = self.vault.open_with(self.opening(asking, &target), self.challenges_of(asking, &target));
            let (counted, open) = tokio::join!(self.count(plan), opening.instrument(hop_span("open")));
            let open = match open? {
                Opening::Open(open) => open,
                Opening::Answered(id) => return Ok(OpenFor::Before(id, counted)),
                Opening::Taken => return Err(ServiceError::RequestIdReused),
            };
            match self.better_target(asking.requester, &open, &asking.question.scope, target).await? {
                Some(better) => target = better,
                None => return Ok(OpenFor::Ready(Box::new(Ready { target, open, counted, turn }))),
            }
        }
    }

    fn opening(&self, asking: &Asking<'_>, target: &Target) -> Ask {
        let windows = self.failure_windows(target);
        let (charges, windows) = self.charges(asking, windows);
        Ask {
            account: target.account,
            lines: target.line.into_iter().collect(),
            permit: self.superseded(asking, target),
            reserve: Some(asking.reserve),
            charges,
            windows,
            now: asking.now,
            at_least: asking.question.at_least,
        }
    }

    async fn decide_on<E: Effect>(
        &self,
        asking: &Asking<'_>,
        effect: &mut E,
        looked: &mut Looked,
        target: Target,
        (mut open, mut counted): (Box<OpenAccount>, Counted),
    ) -> Result<Attempt, ServiceError> {
        let Asking { question, now, .. } = *asking;
        let standing = stand_in(&mut open, asking.requester, &target)?;
        let steps = due::apply(&mut open, target.line, now)?;
        let stood_in = stood_in(&open, asking.question)?;
        let line = target.line.and_then(|token| open.line(token)).unwrap_or(&stood_in);
        let case = match checked(asking, effect, (target, standing), (&open, line)) {
            Ok(case) => case,
            Err(refused) => {
                self.not_looked_at(asking, &target, &counted).await;
                return Err(refused);
            }
        };
        let weighed = self.weigh(&case, &mut counted, looked).instrument(hop_span("weigh")).await;
        self.charge_unshown(asking, standing, weighed.account_number_matched).await?;
        if question.mode == Mode::Enforce && standing == Standing::Known {
            note_findings(&mut open, &weighed.found, &weighed.policy, target.line, now);
        }
        let decision = RecordId::from_u128(self.vault.ids().mint(now, target.account.partition())?);
        self.before_approval(asking, (&open, &target), &weighed).await?;
        let came = (decision, &weighed);
        let (window, made) = self.follow_verdict(asking, effect, &mut open, target, came)?;
        let (settle, holds) = (weighed.found.settle.clone(), weighed.verdict.holds.clone());
        let locks = weighed.verdict.locks.clone();
        let challenge = question.completes.or_else(|| open.challenge(decision).map(|kept| kept.decision));
        let challenge = challenge.or(question.evidence.handle);
        let shown = weighed.account_number_matched || !may_not_know(asking.requester, question);
        let shown = shown && standing == Standing::Known;
        let reasons = weighed.verdict.reasons.iter().map(|given| given.reason);
        let ending = Ending::new(&weighed.checks, weighed.verdict.outcome.kind(), shown).because(reasons);
        open.append_as(
            decision,
            entry(asking, &target, decided(asking, standing, weighed, (window, made), challenge)),
        )?;
        if let Some(event) = effect.follows() {
            open.append(Entry { at: now, line: target.line, caller: None, channel: None, event })?;
        }
        if shown && question.mode == Mode::Enforce {
            lock_by_rule(&mut open, target.line, &locks, now)?;
        }
        let closing = Closing {
            urgency: Urgency::Ordinary,
            claim: Some(Claim { reserve: asking.reserve, record: decision }),
            settle,
            due: if steps.is_empty() && made.is_none() { Vec::new() } else { due::upcoming(&open, target.line) },
            done: due::done(&steps, &target),
        };
        self.settle_ask_alone(&counted, ending).await;
        let attempt = self.commit(asking, open, closing, (decision, &counted, ending)).await?;
        if let Attempt::Answered(answer) = &attempt
            && question.mode == Mode::Enforce
            && answer.id() == decision
        {
            for hold in holds {
                self.hold_by_rule(asking, hold, decision).await;
            }
        }
        Ok(attempt)
    }

    /// What comes before an approval is kept.
    async fn before_approval(
        &self,
        asking: &Asking<'_>,
        (open, target): (&OpenAccount, &Target),
        weighed: &Weighed,
    ) -> Result<(), ServiceError> {
        let Asking { requester, question, now, .. } = *asking;
        let is_approved = weighed.verdict.outcome.kind() == OutcomeKind::Approve && question.mode == Mode::Enforce;
        let line = target.line.and_then(|token| open.line(token)).filter(|_| is_approved);
        match (&question.change, line) {
            (Change::SwapReport { back_to }, Some(line)) => self.before_report(requester, line, (back_to, now)).await,
            _ => Ok(()),
        }
    }

    /// What a verdict does besides being recorded: an approval has its effect, and a challenge is kept where it waits.
    fn follow_verdict<E: Effect>(
        &self,
        asking: &Asking<'_>,
        effect: &mut E,
        open: &mut OpenAccount,
        target: Target,
        (decision, weighed): (RecordId, &Weighed),
    ) -> Result<(AnswerWindow, Option<Made>), ServiceError> {
        let counts = asking.question.mode == Mode::Enforce;
        challenges::supersede(open, asking);
        challenges::note_answers(open, asking, weighed, decision);
        challenges::use_ahead(open, asking, decision);
        self.count_wrong_code(open, asking, (&target, &weighed.found.checks))?;
        match &weighed.verdict.outcome {
            Outcome::Approve(approval) if counts => {
                let (engine, seq, approval) = (self, open.next_seq(), *approval);
                effect.approve(Approved { engine, asking, open, target, decision, seq, approval, weighed })
            }
            Outcome::Approve(_) => Ok((AnswerWindow::NoPermit, None)),
            Outcome::Challenge(challenge) => {
                let waits = (effect.waits() && counts).then_some(decision);
                Ok((AnswerWindow::OpenUntil(self.keep_challenge(open, asking, challenge, waits)), None))
            }
            Outcome::Deny(denial) => Ok((AnswerWindow::RetryAt(denial.retry_at), None)),
        }
    }

    async fn commit(
        &self,
        asking: &Asking<'_>,
        open: Box<OpenAccount>,
        closing: Closing,
        (decision, counted, ending): (RecordId, &Counted, Ending),
    ) -> Result<Attempt, ServiceError> {
        let requester = asking.requester;
        let closed = match self.vault.close(open, closing).instrument(hop_span("commit")).await {
            Ok(closed) => closed,
            Err(CommitError::Conflict) => return Ok(Attempt::Again),
            Err(CommitError::Answered(id)) => return self.answered_before(asking, id, counted).await,
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => return Err(error.into()),
        };
        self.settle_ask_shared(counted, ending).await;
        self.settle_secrets(counted, ending).await;
        let kept = closed.records.into_iter().find(|kept| kept.record().id == decision);
        let kept = kept.ok_or_else(|| ServiceError::Unavailable("the decision was not recorded".to_owned()))?;
        if let Event::Decided(decided) = &kept.record().event {
            self.tally.decided(decided.change.action(), decided);
        }
        let answer = self.answer(requester, kept, None, Some(closed.position))?;
        Ok(Attempt::answered(answer))
    }

    /// The answer that was given before, and what was charged anew for it taken back as it was then.
    async fn answered_before(
        &self,
        asking: &Asking<'_>,
        id: RecordId,
        counted: &Counted,
    ) -> Result<Attempt, ServiceError> {
        let answer = self.repeat(asking.requester, id).await?;
        if let Some(decided) = answer.decided() {
            let ending = Ending::of(decided, may_not_know(asking.requester, asking.question));
            self.settle_ask(counted, ending).await;
            self.settle_secrets(counted, ending).await;
        }
        Ok(Attempt::answered(answer))
    }

    /// The answer that was given before.
    pub(super) async fn repeat(&self, requester: &Requester, id: RecordId) -> Result<Answer, ServiceError> {
        let kept = self.answering_record(id).await?;
        self.answer(requester, kept, None, None)
    }
}

impl Engine {
    /// The record that answers a request which was answered before. Its key is younger than any record that leaves the
    /// store, unless nothing was committed for months: then the key may still be there and the record not.
    pub(super) async fn answering_record(&self, id: RecordId) -> Result<Kept, ServiceError> {
        match self.vault.find(id).await? {
            Found::Kept(kept) => Ok(*kept),
            Found::Archived => Err(ServiceError::Refused(Refusal::RecordArchived)),
            Found::Nowhere => Err(ServiceError::Unavailable("the answer's record cannot be read".to_owned())),
        }
    }
}

/// The account of an opened one, which by now must be there.
pub(super) fn account_of(open: &OpenAccount) -> Result<&Account, ServiceError> {
    open.account().ok_or(ServiceError::NotFound("account"))
}

/// Refuses what makes no sense, before anything is looked at.
fn checked<'a, E: Effect>(
    asking: &'a Asking<'a>,
    effect: &E,
    whose: (Target, Standing),
    (open, line): (&'a OpenAccount, &'a Line),
) -> Result<Case<'a>, ServiceError> {
    challenges::check_not_met(open, asking.question)?;
    effect.check(account_of(open)?, line, asking.now)?;
    Case::new(asking, whose, (open, line))
}
