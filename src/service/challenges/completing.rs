//! Who asked goes on: the question is asked again as it was, and decided with what was given since.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::finding::{Challenged, NO_CHALLENGE, challenged};
use crate::domain::{
    Action, Change, Claims, Evidence, Interaction, Mode, ObservedSignal, PendingStanding, RecordId, RequestId,
};
use crate::service::answer::Answer;
use crate::service::decide::GrantPermit;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::protect::StartRelease;
use crate::service::question::{Body, Question, asked_by};
use crate::service::recoveries::{RecoveryView, ReportSwap};
use crate::service::refusal::Refusal;
use crate::service::rights::{Authorised, authorise, may_ask, right};
use crate::service::target::Scope;
use crate::service::transfer_pins::{Issue, IssuedTransferPin};
use crate::service::unbroken::Unbroken;
use crate::store::Position;

/// A challenge that its asker completes. Line and change are those that were asked for; what is only observed or stated is
/// brought as it is now, so nothing of it was kept meanwhile.
#[derive(Debug, Clone)]
pub struct Completion {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The challenge.
    pub challenge: RecordId,
    /// The place.
    pub interaction: Interaction,
    /// Facts given along.
    pub claims: Claims,
    /// Proof that comes along.
    pub evidence: Evidence,
    /// What other systems observed.
    pub signals: Vec<ObservedSignal>,
    /// When the change is to be carried out.
    pub plan_time: Option<DateTime<Utc>>,
    /// What the caller has seen.
    pub at_least: Option<Position>,
    /// Whether an approval's permit is also to be signed.
    pub want_signed_permit: bool,
}

/// A decision that completes a challenge, or tried to.
#[derive(Debug, Clone)]
pub struct Completed {
    /// The answer.
    pub answer: Answer,
    /// The transfer PIN that it issued, where one was asked for.
    pub issued: Option<IssuedTransferPin>,
    /// What it undid, where a SIM change was reported.
    pub recovery: Option<RecoveryView>,
}

impl Engine {
    /// Decides what was challenged, anew and now: with what was given for it, at no less proof than it asked for.
    ///
    /// INVARIANT (locked-never-approved, stricter-only): nothing of the first decision is taken over but what was asked and how
    /// much proof that needed.
    pub async fn complete_decision(
        self: &Arc<Self>,
        who: Authorised<right::CompleteDecision>,
        completion: Completion,
    ) -> Result<Completed, ServiceError> {
        let kept = self.challenge_record(completion.challenge).await?;
        if !asked_by(kept.record().caller.as_ref(), who.requester()) {
            return Err(NO_CHALLENGE);
        }
        let (decided, _) = challenged(&kept).ok_or(ServiceError::Refused(Refusal::AskAgain))?;
        // Whoever could ask for it then, and no longer may, goes on with nothing.
        match decided.change.action() {
            Action::LockRelease => drop(authorise::<right::ReleaseLock>(who.requester().clone())?),
            Action::TransferPinIssue => drop(authorise::<right::IssueTransferPin>(who.requester().clone())?),
            action if may_ask(who.requester().role, action) => {}
            _ => return Err(ServiceError::Forbidden),
        }
        let now = self.now()?.instant();
        let Challenged { pending, line, .. } = self.pending(who.requester(), &kept, now).await?;
        // INVARIANT (one-counter): for what is refused for certain, no secret is looked at.
        let is_open = pending.standing(true, now) == PendingStanding::Open;
        let evidence = if is_open { completion.evidence } else { Evidence::default() };
        let question = Question {
            request_id: completion.request_id,
            body: completion.body,
            scope: Scope::Line(line),
            change: decided.change.clone(),
            mode: Mode::Enforce,
            interaction: completion.interaction,
            claims: completion.claims,
            evidence,
            signals: completion.signals,
            plan_time: completion.plan_time,
            external_reference: decided.external_reference.clone(),
            supersedes: None,
            completes: Some(completion.challenge),
            at_least: completion.at_least,
            want_signed_permit: completion.want_signed_permit,
        };
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            if matches!(question.change, Change::TransferPinIssue { .. }) {
                let mut issue = Issue::of(&question);
                let answer = engine.ask(&who, &question, &mut issue).await?;
                let issued = engine.issued(who.requester(), &question, issue, &answer).await?;
                return Ok(Completed { answer, issued, recovery: None });
            }
            if let Some(mut report) = ReportSwap::of(&question, who.requester()) {
                let answer = engine.ask(&who, &question, &mut report).await?;
                let recovery = engine.swap_reported(who.requester(), &question, &answer).await?;
                return Ok(Completed { answer, issued: None, recovery });
            }
            let answer = match StartRelease::of(&question, who.requester().role) {
                Some(mut release) => engine.ask(&who, &question, &mut release).await?,
                None => engine.ask(&who, &question, &mut GrantPermit { change: &question.change }).await?,
            };
            Ok(Completed { answer, issued: None, recovery: None })
        })
        .await
    }
}
