//! BatchDecide: one change asked for many lines of one account, in one commit.

use std::sync::Arc;

use super::answer::Answer;
use super::ask::{Approved, Asking, CONFLICT_RETRIES_MAX, Effect, Errand};
use super::decide::GrantPermit;
use super::decided::{decided, entry};
use super::due;
use super::engine::Engine;
use super::error::ServiceError;
use super::look::{Looked, note_findings};
use super::question::Question;
use super::rights::{Authorised, may_ask, right};
use super::standing::{stand_in, stood_in};
use super::target::{LineRef, Scope, Target};
use super::unbroken::Unbroken;
use super::unshown::may_not_know;
use super::velocity::{Counted, Ending};
use super::weigh::{Case, Weighed};
use crate::audit::{AnswerWindow, Event};
use crate::crypto::Token;
use crate::domain::{Checks, Mode, Outcome, OutcomeKind, RecordId, Requester, Standing, is_separated};
use crate::store::{Ask, Claim, Closing, CommitError, OpenAccount, Opening, Position, Urgency};

/// The most lines of one batch.
pub const BATCH_LINES_MAX: usize = 100;

/// The answers to a batch: one a line, in the order asked, and the strictest of them.
#[derive(Debug, Clone)]
pub struct BatchAnswer {
    /// The strictest outcome. Permits are granted only if it is an approval.
    pub outcome: OutcomeKind,
    /// One answer a line.
    pub answers: Vec<Answer>,
    /// What the caller has now seen of the store.
    pub position: Option<Position>,
}

/// The lines of a batch as found: all looked for in the account of the first.
struct Found {
    account: Target,
    lines: Vec<Target>,
}

enum Attempt {
    Answered(BatchAnswer),
    Again,
}

impl Engine {
    /// Decides one change for many lines of one account. Evidence is looked at once; the whole is as good as its worst line.
    pub async fn batch_decide(
        self: &Arc<Self>,
        who: Authorised<right::BatchDecide>,
        common: Question,
        lines: Vec<LineRef>,
    ) -> Result<BatchAnswer, ServiceError> {
        if !may_ask(who.requester().role, common.change.action()) {
            return Err(ServiceError::Forbidden);
        }
        if lines.is_empty() || lines.len() > BATCH_LINES_MAX {
            return Err(ServiceError::Invalid { field: "lines", expected: "must have 1 to 100 lines" });
        }
        // INVARIANT (fail-closed): a whole list is asked of the account that the index names, and of no separation's.
        let of_survivor = who.requester().account.as_ref().is_some_and(is_separated);
        if of_survivor || lines.iter().any(|line| line.separation.is_some()) {
            let expected = "must not be asked about under a separation: ask about each by itself";
            return Err(ServiceError::Invalid { field: "lines", expected });
        }
        let now = self.now()?.instant();
        self.check_question(who.requester(), &common, now)?;
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let requester = who.requester();
            let reserve = engine.reserve(requester, common.request_id, &common.body);
            let books = engine.books(&requester.brand).await?;
            let stores = engine.stores.load_full();
            let batch = Some(lines.as_slice());
            let (books, stores) = (&books, &*stores);
            let (question, errand, policy) = (&common, Errand::Answer, &engine.policy());
            let asking = Asking { requester, question, reserve, errand, policy, batch, now, books, stores };
            let mut looked = Looked::default();
            for _ in 0..=CONFLICT_RETRIES_MAX {
                if let Attempt::Answered(answer) = engine.attempt_batch(&who, &asking, &lines, &mut looked).await? {
                    return Ok(answer);
                }
            }
            Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
        })
        .await
    }

    async fn attempt_batch(
        &self,
        who: &Authorised<right::BatchDecide>,
        asking: &Asking<'_>,
        lines: &[LineRef],
        looked: &mut Looked,
    ) -> Result<Attempt, ServiceError> {
        let found = self.find_all(asking.requester, lines).await?;
        self.check_reach(who, &found.account)?;
        self.check_budget(asking, &found.account).await?;
        for target in found.lines.iter().filter(|target| !target.indexed) {
            self.charge_unknown(asking.requester, target.name, asking.now).await?;
        }
        let _turn = self.queues.enter(found.account.account).await?;
        let windows = self.failure_windows(&found.account);
        let (charges, windows) = self.charges(asking, windows);
        let ask = Ask {
            account: found.account.account,
            lines: found.lines.iter().filter_map(|target| target.line).collect(),
            permit: None,
            reserve: Some(asking.reserve),
            charges,
            windows,
            now: asking.now,
            at_least: asking.question.at_least,
        };
        let asked = found.lines.iter().filter_map(|target| target.line).collect();
        let plan = self.plan(asking, &found.account, asked);
        let (counted, open) = tokio::join!(self.count(plan), self.vault.open(ask));
        match open? {
            Opening::Open(open) => self.decide_all(asking, lines, looked, found, (open, counted)).await,
            Opening::Answered(last) => self.batch_answered_before(asking, last, lines.len(), &counted).await,
            Opening::Taken => Err(ServiceError::RequestIdReused),
        }
    }

    /// Finds every line; one that is not on the first's account stands there as unknown.
    ///
    /// INVARIANT (unknown-looks-known): a batch does not tell a line of another account from one that does not exist.
    async fn find_all(&self, requester: &Requester, lines: &[LineRef]) -> Result<Found, ServiceError> {
        let mut found: Vec<Target> = Vec::with_capacity(lines.len());
        for (place, line) in lines.iter().enumerate() {
            let mut target = self.line_target(requester, line).await?;
            if found.iter().any(|before| before.name == target.name) {
                return Err(ServiceError::Invalid { field: "lines", expected: "must name each line once" });
            }
            if let Some(first) = found.first().filter(|first| place > 0 && first.account != target.account) {
                target = Target { account: first.account, line: Some(target.name), indexed: false, ..target };
            }
            found.push(target);
        }
        let account = *found.first().ok_or(ServiceError::NotFound("line"))?;
        Ok(Found { account, lines: found })
    }

    async fn decide_all(
        &self,
        asking: &Asking<'_>,
        lines: &[LineRef],
        looked: &mut Looked,
        found: Found,
        (mut open, mut counted): (Box<OpenAccount>, Counted),
    ) -> Result<Attempt, ServiceError> {
        let standing_of_account = stand_in(&mut open, asking.requester, &found.account)?;
        let mut steps = Vec::new();
        for target in &found.lines {
            let stepped = due::apply(&mut open, target.line, asking.now)?;
            steps.extend(stepped.into_iter().map(|step| (*target, step)));
        }
        let mut weighed = Vec::with_capacity(lines.len());
        for (target, line) in found.lines.iter().zip(lines) {
            let one =
                self.weigh_one(asking, &open, (*target, line), standing_of_account, (&mut counted, looked)).await?;
            weighed.push(one);
        }
        let is_shown = weighed.iter().any(|(_, one)| one.account_number_matched);
        self.charge_unshown(asking, standing_of_account, is_shown).await?;
        let outcome = weighed.iter().map(|(_, one)| one.verdict.outcome.kind()).max().unwrap_or(OutcomeKind::Deny);
        let settle = settled_by_all(&weighed);
        let ending = ending_of_all(asking, &weighed, outcome);
        self.settle_ask_alone(&counted, ending).await;
        let mut decisions = Vec::with_capacity(lines.len());
        for (target, (standing, one)) in found.lines.iter().zip(weighed) {
            decisions.push(self.record_one(asking, &mut open, *target, standing, one, outcome)?);
        }
        let last = *decisions.last().ok_or(ServiceError::NotFound("line"))?;
        let closing = Closing {
            urgency: Urgency::Ordinary,
            claim: Some(Claim { reserve: asking.reserve, record: last }),
            settle,
            due: if steps.is_empty() {
                Vec::new()
            } else {
                found.lines.iter().flat_map(|t| due::upcoming(&open, t.line)).collect()
            },
            done: steps.iter().flat_map(|(target, step)| due::done(std::slice::from_ref(step), target)).collect(),
        };
        let closed = match self.vault.close(open, closing).await {
            Ok(closed) => closed,
            Err(CommitError::Conflict) => return Ok(Attempt::Again),
            Err(CommitError::Answered(last)) => {
                return self.batch_answered_before(asking, last, lines.len(), &counted).await;
            }
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => return Err(error.into()),
        };
        self.settle_ask_shared(&counted, ending).await;
        self.settle_secrets(&counted, ending).await;
        let mut answers = Vec::with_capacity(lines.len());
        for kept in closed.records.into_iter().filter(|kept| decisions.contains(&kept.record().id)) {
            if let Event::Decided(decided) = &kept.record().event {
                self.tally.decided(decided.change.action(), decided);
            }
            answers.push(self.answer(asking.requester, kept, None, Some(closed.position))?);
        }
        let position = answers.iter().any(|answer| answer.position.is_some()).then_some(closed.position);
        Ok(Attempt::Answered(BatchAnswer { outcome, answers, position }))
    }

    async fn weigh_one(
        &self,
        asking: &Asking<'_>,
        open: &OpenAccount,
        (target, line): (Target, &LineRef),
        account: Standing,
        (counted, looked): (&mut Counted, &mut Looked),
    ) -> Result<(Standing, Weighed), ServiceError> {
        let question = Question { scope: Scope::Line(line.clone()), ..asking.question.clone() };
        let asking = Asking { question: &question, ..*asking };
        let stood_in = stood_in(open, &question)?;
        let row = target.line.and_then(|token| open.line(token)).filter(|row| super::standing::answers_to(row, line));
        let standing = if row.is_some() { account } else { Standing::Unknown };
        let row = row.unwrap_or(&stood_in);
        GrantPermit { change: &question.change }.check(super::ask::account_of(open)?, row, asking.now)?;
        let case = Case::new(&asking, (target, standing), (open, row))?;
        Ok((standing, self.weigh(&case, counted, looked).await))
    }

    fn record_one(
        &self,
        asking: &Asking<'_>,
        open: &mut OpenAccount,
        target: Target,
        standing: Standing,
        weighed: Weighed,
        whole: OutcomeKind,
    ) -> Result<RecordId, ServiceError> {
        let question = asking.question;
        if question.mode == Mode::Enforce && standing == Standing::Known {
            note_findings(open, &weighed.found, &weighed.policy, target.line, asking.now);
        }
        let decision = RecordId::from_u128(self.vault.ids().mint(asking.now, target.account.partition())?);
        let granted = question.mode == Mode::Enforce && whole == OutcomeKind::Approve;
        let (window, made) = match &weighed.verdict.outcome {
            Outcome::Approve(approval) if granted => {
                let (seq, approval) = (open.next_seq(), *approval);
                let mut effect = GrantPermit { change: &question.change };
                effect.approve(Approved {
                    engine: self,
                    asking,
                    open,
                    target,
                    decision,
                    seq,
                    approval,
                    weighed: &weighed,
                })?
            }
            Outcome::Approve(_) => (AnswerWindow::NoPermit, None),
            Outcome::Challenge(challenge) => (AnswerWindow::OpenUntil(challenge.expires_at), None),
            Outcome::Deny(denial) => (AnswerWindow::RetryAt(denial.retry_at), None),
        };
        open.append_as(decision, entry(asking, &target, decided(asking, standing, weighed, (window, made), None)))?;
        Ok(decision)
    }

    /// The answers given before, and what was charged anew for them taken back as it was then.
    async fn batch_answered_before(
        &self,
        asking: &Asking<'_>,
        last: RecordId,
        count: usize,
        counted: &Counted,
    ) -> Result<Attempt, ServiceError> {
        let batch = self.repeat_batch(asking.requester, last, count).await?;
        let may_not_know = may_not_know(asking.requester, asking.question);
        let each = batch.answers.iter().filter_map(|answer| answer.decided());
        if let Some(ending) = each.map(|decided| Ending::of(decided, may_not_know)).reduce(Ending::with) {
            self.settle_ask(counted, ending).await;
            self.settle_secrets(counted, ending).await;
        }
        Ok(Attempt::Answered(batch))
    }

    /// The answers given before: the last record and those before it in the chain, which one commit put side by side.
    async fn repeat_batch(
        &self,
        requester: &Requester,
        last: RecordId,
        count: usize,
    ) -> Result<BatchAnswer, ServiceError> {
        let mut answers = Vec::with_capacity(count);
        let mut next = Some(last);
        for _ in 0..count {
            let id = next.ok_or(ServiceError::RequestIdReused)?;
            let answer = self.repeat(requester, id).await?;
            next = answer.kept().record().previous;
            answers.push(answer);
        }
        answers.reverse();
        let outcomes = answers.iter().filter_map(|answer| answer.decided().map(|decided| decided.outcome));
        let outcome = outcomes.max().unwrap_or(OutcomeKind::Deny);
        Ok(BatchAnswer { outcome, answers, position: None })
    }
}

/// How all of them ended together, as far as charges go.
fn ending_of_all(asking: &Asking<'_>, weighed: &[(Standing, Weighed)], outcome: OutcomeKind) -> Ending {
    let may_not_know = may_not_know(asking.requester, asking.question);
    let one = |(standing, one): &(Standing, Weighed)| {
        let shown = *standing == Standing::Known && (one.account_number_matched || !may_not_know);
        let reasons = one.verdict.reasons.iter().map(|given| given.reason);
        Ending::new(&one.checks, one.verdict.outcome.kind(), shown).because(reasons)
    };
    let quiet = Ending::new(&Checks::NONE, outcome, false);
    weighed.iter().map(one).fold(quiet, Ending::with)
}

/// Charges that every line's weighing takes back: one line on which the secret was wrong keeps the charge.
fn settled_by_all(weighed: &[(Standing, Weighed)]) -> Vec<Token> {
    let Some((_, first)) = weighed.first() else { return Vec::new() };
    let by_all = |token: &Token| weighed.iter().all(|(_, one)| one.found.settle.contains(token));
    first.found.settle.iter().copied().filter(by_all).collect()
}
