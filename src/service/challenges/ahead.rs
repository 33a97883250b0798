//! Proof ahead of the question: the customer gives it for an exact change of a line, and whoever then asks for that brings its handle.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::giving::{ending_of, is_refused};
use super::keeping::{brought, given_by};
use crate::audit::Event;
use crate::domain::{
    Action, Change, Claims, Evidence, Factor, GivenProof, Interaction, Level, LineName, Mode, Outcome, OutcomeKind,
    Pending, PendingState, PinCheck, Place, RecordId, RequestId, Role, Standing,
};
use crate::service::ask::{Asking, CONFLICT_RETRIES_MAX, Errand, OpenFor, Ready};
use crate::service::due;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::look::{Looked, note_findings};
use crate::service::question::{Body, Question, caller_of};
use crate::service::rights::{Authorised, right};
use crate::service::standing::{stand_in, stood_in};
use crate::service::target::{LineRef, Scope};
use crate::service::unbroken::Unbroken;
use crate::service::velocity::Ending;
use crate::service::weigh::{Case, Weighed};
use crate::store::{Claim, Closing, CommitError, Entry, OpenAccount, Urgency};

/// Proof for a change that nobody has asked for yet.
#[derive(Debug, Clone)]
pub struct Ahead {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The line.
    pub line: LineRef,
    /// The exact change.
    pub change: Change,
    /// The proof: an account PIN, an app approval, or both.
    pub evidence: Evidence,
    /// The place.
    pub interaction: Interaction,
}

/// Proof that was looked at ahead. Whether it was right is not said: who asks learns it with the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenAhead {
    /// What who asks brings.
    pub handle: RecordId,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

impl Engine {
    /// Looks at proof for an exact change and keeps what it found under a handle, for whoever asks for that change next.
    ///
    /// INVARIANT (one-counter): a secret given here is charged to the same windows as one that comes with a question.
    /// INVARIANT (unknown-looks-known): a number that nobody has is given a handle like any other.
    pub async fn give_ahead(
        self: &Arc<Self>,
        who: Authorised<right::SubmitEvidence>,
        ahead: Ahead,
    ) -> Result<GivenAhead, ServiceError> {
        if !matches!(who.requester().role, Role::PinPad | Role::Ivr | Role::Customer | Role::BusinessAdmin) {
            return Err(ServiceError::Forbidden);
        }
        if ahead.change.action() == Action::PortOut {
            let expected = "must be no port: its proof is the transfer PIN, which comes with the port's own request";
            return Err(ServiceError::Invalid { field: "change.port_out", expected });
        }
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let name = ahead.line.name.clone();
            engine.keep_ahead(&who, &question(ahead), &name).await
        })
        .await
    }

    async fn keep_ahead(
        &self,
        who: &Authorised<right::SubmitEvidence>,
        question: &Question,
        name: &LineName,
    ) -> Result<GivenAhead, ServiceError> {
        let (requester, now) = (who.requester(), self.now()?.instant());
        self.check_question(requester, question, now)?;
        let reserve = self.reserve(requester, question.request_id, &question.body);
        let (books, stores) = (&self.books(&requester.brand).await?, &*self.stores.load_full());
        let (policy, errand) = (&self.policy(), Errand::Give);
        let asking = Asking { requester, question, reserve, errand, policy, batch: None, now, books, stores };
        let mut looked = Looked::default();
        for _ in 0..=CONFLICT_RETRIES_MAX {
            match self.open_for(who, &asking).await? {
                OpenFor::Ready(ready) => {
                    if let Some(given) = self.look_ahead(&asking, name, *ready, &mut looked).await? {
                        return Ok(given);
                    }
                }
                OpenFor::Before(handle, counted) => {
                    let kept = self.answering_record(handle).await?;
                    let ending = ending_of(&kept)?;
                    self.settle_ask(&counted, ending).await;
                    self.settle_secrets(&counted, ending).await;
                    let expires_at = self.pending(requester, &kept, now).await?.pending.expires_at;
                    return Ok(GivenAhead { handle, expires_at });
                }
            }
        }
        // INVARIANT (fail-closed): exhausted retries are no answer.
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }

    /// What was committed; nothing where another engine changed the account.
    async fn look_ahead(
        &self,
        asking: &Asking<'_>,
        name: &LineName,
        ready: Ready,
        looked: &mut Looked,
    ) -> Result<Option<GivenAhead>, ServiceError> {
        let Ready { target, mut open, mut counted, turn: _turn } = ready;
        let Asking { question, now, .. } = *asking;
        let standing = stand_in(&mut open, asking.requester, &target)?;
        let steps = due::apply(&mut open, target.line, now)?;
        let stood_in = stood_in(&open, question)?;
        let line = target.line.and_then(|token| open.line(token)).unwrap_or(&stood_in);
        let case = Case::new(asking, (target, standing), (&open, line))?;
        let weighed = self.weigh(&case, &mut counted, looked).await;
        if weighed.found.checks.pin == PinCheck::Shed {
            // Whoever gave it gives it again: nobody can tell whether it was right.
            self.not_looked_at(asking, &target, &counted).await;
            return Err(ServiceError::Unavailable("the PIN cannot be checked now".to_owned()));
        }
        if standing == Standing::Known {
            note_findings(&mut open, &weighed.found, &weighed.policy, target.line, now);
        }
        let handle = RecordId::from_u128(self.vault.ids().mint(now, target.account.partition())?);
        // What is refused is not kept, and counts for nothing.
        let (right, came) = if is_refused(&weighed.verdict) {
            (Vec::new(), OutcomeKind::Deny)
        } else {
            (brought(&open, asking, &weighed, handle), OutcomeKind::Challenge)
        };
        let ending = Ending::new(&weighed.found.checks, came, standing == Standing::Known);
        let kept: Vec<Factor> = right.iter().map(GivenProof::factor).collect();
        let pending = pending(&open, (asking, name), &weighed, (handle, right));
        let expires_at = pending.expires_at;
        open.keep_challenge(self.ahead_token(handle), pending);
        let event = Event::EvidenceGiven {
            challenge: handle,
            checks: weighed.found.checks,
            device: question.evidence.app_approval.as_ref().map(|approval| approval.device.clone()),
            kept,
            place: Place::of(asking.requester, &question.interaction),
        };
        let (caller, channel) = (Some(caller_of(asking.requester)), Some(question.interaction.channel));
        open.append_as(handle, Entry { at: now, line: target.line, caller, channel, event })?;
        let closing = Closing {
            urgency: Urgency::Ordinary,
            claim: Some(Claim { reserve: asking.reserve, record: handle }),
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
        for hold in weighed.verdict.holds {
            self.hold_by_rule(asking, hold, handle).await;
        }
        Ok(Some(GivenAhead { handle, expires_at }))
    }
}

/// What is kept of it: a challenge that nobody was given yet. A rule that asks more of who gives the proof asks more of the whole.
fn pending(
    open: &OpenAccount,
    (asking, name): (&Asking<'_>, &LineName),
    weighed: &Weighed,
    (handle, right): (RecordId, Vec<GivenProof>),
) -> Pending {
    let Asking { question, requester, policy, now, .. } = *asking;
    let required = if right.is_empty() { Level::None } else { weighed.verdict.required };
    let with_pin = match &weighed.verdict.outcome {
        Outcome::Challenge(challenge) => challenge.with_pin.min(required),
        Outcome::Approve(_) | Outcome::Deny(_) => required,
    };
    Pending {
        decision: handle,
        named: name.clone(),
        line: open.only_line().map(|line| line.id.clone()),
        action: question.change.action(),
        change: question.digest(),
        caller: requester.subject.clone(),
        required,
        with_pin,
        expires_at: now + policy.challenge_life,
        granted_seq: open.next_seq(),
        given: right.into_iter().map(|proof| given_by(asking, proof)).collect(),
        wrong: 0,
        documents: 0,
        sendings: 0,
        code: None,
        state: PendingState::Open,
    }
}

/// The question whose evidence is looked at, as it comes from who gives the proof.
fn question(ahead: Ahead) -> Question {
    let Ahead { request_id, body, line, change, evidence, interaction } = ahead;
    Question {
        request_id,
        body,
        scope: Scope::Line(line),
        change,
        mode: Mode::Enforce,
        interaction,
        claims: Claims::default(),
        evidence,
        signals: Vec::new(),
        plan_time: None,
        external_reference: None,
        supersedes: None,
        completes: None,
        at_least: None,
        want_signed_permit: false,
    }
}
