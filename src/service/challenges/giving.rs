//! Proof from somebody else than who asked: the customer at a PIN pad, in a call, or in the app.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::finding::{Challenged, NO_CHALLENGE, challenged};
use super::keeping::{brought, note_proofs};
use super::showing;
use crate::audit::{Decided, Event};
use crate::domain::{
    AccountNumber, Checks, Claims, Completing, Evidence, Factor, GivenProof, Interaction, Outcome, OutcomeKind,
    PendingStanding, PinCheck, Place, Reason, RecordId, RequestId, Standing, Verdict,
};
use crate::service::ask::{Asking, CONFLICT_RETRIES_MAX, Errand, OpenFor, Ready};
use crate::service::due;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::look::{Looked, note_findings};
use crate::service::protect::reading;
use crate::service::question::{Body, Question, caller_of};
use crate::service::refusal::Refusal;
use crate::service::rights::{Authorised, Right, Whose, right};
use crate::service::standing::{stand_in, stood_in};
use crate::service::target::{LineRef, Scope, Target};
use crate::service::unbroken::Unbroken;
use crate::service::velocity::{Counted, Ending};
use crate::service::weigh::{Case, Weighed};
use crate::store::{Claim, Closing, CommitError, Entry, Kept, OpenAccount, Opening, Settle, Urgency};

/// Proof for a challenge.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The challenge.
    pub challenge: RecordId,
    /// The proof: an account PIN, an app approval, or both.
    pub evidence: Evidence,
    /// The place.
    pub interaction: Interaction,
}

/// Proof that was looked at. Whether it was right is not said: who asked learns it with the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submitted {
    /// Until when the challenge is open.
    pub expires_at: DateTime<Utc>,
}

impl Engine {
    /// Looks at proof for a challenge and writes down what it found.
    ///
    /// INVARIANT (one-counter): a secret given here is charged to the same windows as one that comes with a question, before it
    /// is looked at.
    pub async fn submit_evidence(
        self: &Arc<Self>,
        who: Authorised<right::SubmitEvidence>,
        submission: Submission,
    ) -> Result<Submitted, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let now = engine.now()?.instant();
            showing::check_kind(who.requester(), &submission)?;
            let kept = engine.challenge_record(submission.challenge).await?;
            if who.whose() == Whose::OwnAccount && !engine.is_own(who.requester(), &kept) {
                return Err(NO_CHALLENGE);
            }
            let (decided, _) = challenged(&kept).ok_or(ServiceError::Refused(Refusal::AskAgain))?;
            let Challenged { pending, line, account_number } = engine.pending(who.requester(), &kept, now).await?;
            let mut question = question(submission, decided, line, account_number);
            engine.check_question(who.requester(), &question, now)?;
            let is_over = pending.standing(true, now) != PendingStanding::Open;
            // The same request is answered as it was, whatever became of the challenge since.
            if (is_over || showing::is_of_document(&question)) && !engine.was_given(&who, &question, now).await? {
                // What is over by itself charges nobody.
                if is_over {
                    return Err(ServiceError::Refused(Refusal::ChallengeOver));
                }
                showing::name_beside(who.requester(), &mut question, &pending)?;
            }
            engine.give(&who, &question, (Some(&kept), now)).await.map(|(_, expires_at)| Submitted { expires_at })
        })
        .await
    }

    /// The record of what was given for a challenge, or of what began with it, and until when that is open.
    pub(super) async fn give(
        &self,
        who: &Authorised<right::SubmitEvidence>,
        question: &Question,
        (challenge, now): (Option<&Kept>, DateTime<Utc>),
    ) -> Result<(RecordId, DateTime<Utc>), ServiceError> {
        let requester = who.requester();
        let reserve = self.reserve(requester, question.request_id, &question.body);
        let books = self.books(&requester.brand).await?;
        let stores = self.stores.load_full();
        let (books, stores, policy) = (&books, &*stores, &self.policy());
        let errand = Errand::Give;
        let asking = Asking { requester, question, reserve, errand, policy, batch: None, now, books, stores };
        let mut looked = Looked::default();
        for _ in 0..=CONFLICT_RETRIES_MAX {
            match self.open_for(who, &asking).await? {
                OpenFor::Ready(ready) => {
                    if let Some(given) = self.look_and_note(&asking, *ready, &mut looked).await? {
                        return Ok(given);
                    }
                }
                OpenFor::Before(id, counted) => {
                    let kept = self.answering_record(id).await?;
                    let ending = ending_of(&kept)?;
                    self.settle_ask(&counted, ending).await;
                    self.settle_secrets(&counted, ending).await;
                    let Challenged { pending, .. } = self.pending(requester, challenge.unwrap_or(&kept), now).await?;
                    return Ok((id, pending.expires_at));
                }
            }
        }
        // INVARIANT (fail-closed): exhausted retries are no answer.
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }

    /// Whether this request was answered before: its answer does not change with what became of the challenge since.
    pub(super) async fn was_given<R: Right>(
        &self,
        who: &Authorised<R>,
        question: &Question,
        now: DateTime<Utc>,
    ) -> Result<bool, ServiceError> {
        let target = self.target(who.requester(), &question.scope).await?;
        let reserve = Some(self.reserve(who.requester(), question.request_id, &question.body));
        match self.vault.open(reading(&target, reserve, None, now)).await? {
            Opening::Open(_) => Ok(false),
            Opening::Answered(_) => Ok(true),
            Opening::Taken => Err(ServiceError::RequestIdReused),
        }
    }

    /// What was committed; nothing where another engine changed the account.
    async fn look_and_note(
        &self,
        asking: &Asking<'_>,
        ready: Ready,
        looked: &mut Looked,
    ) -> Result<Option<(RecordId, DateTime<Utc>)>, ServiceError> {
        let Ready { target, mut open, mut counted, turn: _turn } = ready;
        let Asking { question, now, .. } = *asking;
        let standing = stand_in(&mut open, asking.requester, &target)?;
        let steps = due::apply(&mut open, target.line, now)?;
        let stood_in = stood_in(&open, question)?;
        let line = target.line.and_then(|token| open.line(token)).unwrap_or(&stood_in);
        let case = Case::new(asking, (target, standing), (&open, line))?;
        if question.completes.is_some() && !matches!(case.completing, Completing::Open { .. }) {
            self.not_looked_at(asking, &target, &counted).await;
            return Err(ServiceError::Refused(Refusal::ChallengeOver));
        }
        let weighed = self.weigh(&case, &mut counted, looked).await;
        let checks = weighed.found.checks;
        if checks.pin == PinCheck::Shed {
            // Whoever gave it gives it again: nobody can tell whether it was right.
            self.not_looked_at(asking, &target, &counted).await;
            return Err(ServiceError::Unavailable("the PIN cannot be checked now".to_owned()));
        }
        if let Err(refused) = self.check_shown(asking, (&open, &target), (&counted, &weighed)) {
            self.not_looked_at(asking, &target, &counted).await;
            return Err(refused);
        }
        if standing == Standing::Known {
            note_findings(&mut open, &weighed.found, &weighed.policy, target.line, now);
        }
        // What is refused is not kept, and counts for nothing.
        let came = if is_refused(&weighed.verdict) { OutcomeKind::Deny } else { OutcomeKind::Challenge };
        let ending = Ending::new(&checks, came, standing == Standing::Known);
        let (record, expires_at) = self.note_giving(&mut open, asking, &weighed, &target)?;
        self.count_wrong_code(&mut open, asking, (&target, &checks))?;
        let holds = weighed.verdict.holds.clone();
        let closing = Closing {
            urgency: Urgency::Ordinary,
            claim: Some(Claim { reserve: asking.reserve, record }),
            settle: weighed.found.settle,
            due: if steps.is_empty() { Vec::new() } else { due::upcoming(&open, target.line) },
            done: due::done(&steps, &target),
        };
        match self.vault.close(open, closing).await {
            Ok(_) => {}
            // Another engine changed the account, or was asked the same: the next attempt finds what it wrote down.
            Err(CommitError::Conflict | CommitError::Answered(_)) => return Ok(None),
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => return Err(error.into()),
        }
        self.settle_ask(&counted, ending).await;
        self.settle_secrets(&counted, ending).await;
        for hold in holds {
            self.hold_by_rule(asking, hold, record).await;
        }
        Ok(Some((record, expires_at)))
    }

    /// Writes down what was given, on the challenge and in the ledger. A rule that asks more of who gives it asks more of the whole.
    fn note_giving(
        &self,
        open: &mut OpenAccount,
        asking: &Asking<'_>,
        weighed: &Weighed,
        target: &Target,
    ) -> Result<(RecordId, DateTime<Utc>), ServiceError> {
        let (question, checks) = (asking.question, weighed.found.checks);
        let challenge = match question.completes {
            Some(challenge) => challenge,
            None => self.begin_ahead(open, asking, target)?,
        };
        // What would count if who gives it had asked: whoever is held, off their networks or spraying is refused then, and adds
        // nothing.
        let is_refused = is_refused(&weighed.verdict);
        let mut right = if is_refused { Vec::new() } else { brought(open, asking, weighed, challenge) };
        if !is_refused {
            right.extend(weighed.shown.clone());
            showing::note(open, challenge, weighed);
        }
        let kept: Vec<Factor> = right.iter().map(GivenProof::factor).collect();
        if let Some(pending) = open.challenge_mut(challenge).filter(|_| !kept.is_empty()) {
            let required = weighed.verdict.required;
            let with_pin = match &weighed.verdict.outcome {
                Outcome::Challenge(challenge) => challenge.with_pin,
                Outcome::Approve(_) | Outcome::Deny(_) => required,
            };
            pending.required = pending.required.max(required);
            pending.with_pin = pending.with_pin.max(with_pin);
        }
        note_proofs(open, asking, challenge, &checks, right);
        let event = Event::EvidenceGiven {
            challenge,
            checks,
            device: question.evidence.app_approval.as_ref().map(|approval| approval.device.clone()),
            kept,
            place: Place::of(asking.requester, &question.interaction),
        };
        let (caller, channel) = (Some(caller_of(asking.requester)), Some(question.interaction.channel));
        let entry = Entry { at: asking.now, line: target.line, caller, channel, event };
        let record = match question.completes {
            Some(_) => open.append(entry)?,
            // What began with it has its name.
            None => open.append_as(challenge, entry).map(|()| challenge)?,
        };
        Ok((record, open.challenge(challenge).ok_or(NO_CHALLENGE)?.expires_at))
    }

    /// Takes back what was charged for a secret that nobody looked at.
    pub(in crate::service) async fn not_looked_at(&self, asking: &Asking<'_>, target: &Target, counted: &Counted) {
        let ending = Ending::new(&Checks::NONE, OutcomeKind::Deny, false);
        self.settle_ask(counted, ending).await;
        self.settle_secrets(counted, ending).await;
        let (windows, evidence) = (self.failure_windows(target), &asking.question.evidence);
        let charged =
            [(evidence.account_pin.is_some(), windows.pin), (evidence.transfer_pin.is_some(), windows.transfer_pin)];
        let attempt = asking.reserve.request;
        let settle: Vec<Settle> =
            charged.into_iter().filter_map(|(is, window)| is.then_some(Settle { window, attempt })).collect();
        if !settle.is_empty() {
            // Where that fails, it counts: too much, never too little.
            let _ = self.vault.settle(settle).await;
        }
    }
}

/// Whether a rule refuses who gives it: whoever is held, off their networks or spraying adds nothing. That nothing more could be
/// given here is no refusal.
fn is_refused(verdict: &Verdict) -> bool {
    let first = verdict.reasons.first().map(|given| given.reason);
    verdict.outcome.kind() == OutcomeKind::Deny && first != Some(Reason::NoUsableFactor)
}

/// The question whose evidence is looked at: the one that was challenged, as it comes from who gives the proof.
///
/// The account is the challenge's: nobody has to name its number once more.
pub(super) fn question(
    submission: Submission,
    decided: &Decided,
    line: LineRef,
    account_number: AccountNumber,
) -> Question {
    let Submission { request_id, body, challenge, evidence, interaction } = submission;
    let change = decided.change.clone();
    Question {
        claims: Claims { account_number: Some(account_number), ..Claims::default() },
        completes: Some(challenge),
        ..Question::plain(request_id, body, Scope::Line(line), change, evidence, interaction)
    }
}

/// How a request that was answered before ended, as far as its charges go.
fn ending_of(kept: &Kept) -> Result<Ending, ServiceError> {
    match &kept.record().event {
        Event::EvidenceGiven { checks, .. } => {
            Ok(Ending::new(checks, OutcomeKind::Challenge, kept.record().line.is_some()))
        }
        _ => Err(ServiceError::RequestIdReused),
    }
}
