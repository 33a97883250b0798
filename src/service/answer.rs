//! Answers, built from committed records and from nothing else.

use chrono::{DateTime, TimeDelta, Utc};

use super::engine::Engine;
use super::error::ServiceError;
use crate::audit::{AnswerWindow, Decided, Event};
use crate::crypto::{PermitBinding, PermitError, PermitStatement, change_digest};
use crate::domain::{
    Approval, Brand, Challenge, Channel, Denial, Factor, GivenReason, Outcome, OutcomeKind, Pending, PendingStanding,
    Permit, PermitState, Protection, RecordId, Requester, Role, Verdict, rule_id,
};
use crate::policy::{Audience, Outward, outward};
use crate::store::{Kept, Position};

/// A decision as its asker may see it.
///
/// INVARIANT (answer-is-record): the only constructor takes a [`Kept`] record.
#[derive(Debug, Clone)]
pub struct Answer {
    kept: Kept,
    /// The permit's text, for an approval that grants one.
    pub permit: Option<PermitText>,
    /// The same signed for relying parties, where that was asked for.
    pub signed_permit: Option<PermitText>,
    /// Where the decision stands.
    pub state: DecisionState,
    /// What this caller may see of the reasons, and what another carrier is told.
    pub outward: Outward,
    /// What the caller has now seen of the store.
    pub position: Option<Position>,
}

/// A permit's text. Never shown but in the answer itself.
#[derive(Clone, PartialEq, Eq)]
pub struct PermitText(pub String);

impl std::fmt::Debug for PermitText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PermitText(..)")
    }
}

/// Where a decision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionState {
    /// A challenge that may still be met.
    Pending,
    /// A challenge for which enough was given: whoever asked may complete it.
    Answered,
    /// A challenge that was completed.
    Satisfied,
    /// A challenge to which the customer said no.
    Declined,
    /// Answered, and nothing has changed since.
    Final,
    /// Its permit was used.
    Redeemed,
    /// Its permit was voided by a lock or a flag.
    Voided,
    /// It was given back.
    Withdrawn,
    /// Its window is over.
    Expired,
}

impl DecisionState {
    /// Where a decision stands when it is made.
    const fn at_first(decided: &Decided) -> Self {
        match decided.outcome {
            OutcomeKind::Challenge => Self::Pending,
            OutcomeKind::Approve | OutcomeKind::Deny => Self::Final,
        }
    }
}

impl Answer {
    /// The decision's id.
    pub const fn id(&self) -> RecordId {
        self.kept.record().id
    }

    /// When it was decided.
    pub const fn decided_at(&self) -> DateTime<Utc> {
        self.kept.record().at
    }

    /// The line it is about, by subscription.
    pub fn line(&self) -> Option<&crate::domain::LineId> {
        self.kept.record().line.as_ref().map(|line| &line.id)
    }

    /// What was decided. Built only over records that hold a decision.
    pub fn decided(&self) -> Option<&Decided> {
        match &self.kept.record().event {
            Event::Decided(decided) => Some(decided),
            _ => None,
        }
    }

    /// The record itself.
    pub const fn kept(&self) -> &Kept {
        &self.kept
    }
}

/// The locks that a permit's life depends on.
pub(super) struct Epochs<'a> {
    pub account: &'a Protection,
    pub line: &'a Protection,
}

/// Where a permit stands, seen now.
pub(super) fn permit_state(permit: &Permit, epochs: &Epochs<'_>, now: DateTime<Utc>) -> DecisionState {
    match permit.state {
        PermitState::Redeemed { .. } => DecisionState::Redeemed,
        PermitState::Withdrawn { .. } => DecisionState::Withdrawn,
        PermitState::Open if !is_alive(permit, epochs) => DecisionState::Voided,
        PermitState::Open if permit.expires_at <= now => DecisionState::Expired,
        PermitState::Open => DecisionState::Final,
    }
}

/// Where a challenge stands, seen now, under the locks of its scopes.
pub(super) fn pending_state(pending: &Pending, scopes: [Option<&Protection>; 2], now: DateTime<Utc>) -> DecisionState {
    let alive = scopes.into_iter().flatten().all(|locks| locks.is_alive(pending.action, pending.granted_seq));
    match pending.standing(alive, now) {
        PendingStanding::Open if pending.is_answered(now) => DecisionState::Answered,
        PendingStanding::Open => DecisionState::Pending,
        PendingStanding::Declined => DecisionState::Declined,
        PendingStanding::Lapsed => DecisionState::Expired,
        PendingStanding::Voided => DecisionState::Voided,
        PendingStanding::Met(_) => DecisionState::Satisfied,
        PendingStanding::Withdrawn => DecisionState::Withdrawn,
    }
}

/// INVARIANT (permit-once): what was granted below an epoch of either scope is dead.
pub(super) fn is_alive(permit: &Permit, epochs: &Epochs<'_>) -> bool {
    epochs.account.is_alive(permit.action, permit.granted_seq)
        && epochs.line.is_alive(permit.action, permit.granted_seq)
}

impl Engine {
    /// The answer that a committed decision is.
    pub(super) fn answer(
        &self,
        requester: &Requester,
        kept: Kept,
        state: Option<DecisionState>,
        position: Option<Position>,
    ) -> Result<Answer, ServiceError> {
        let Event::Decided(decided) = &kept.record().event else {
            return Err(ServiceError::NotFound("decision"));
        };
        // A later look shows no permit, so none is made: its key may be gone by then.
        let shows_permit = state.is_none();
        let permit = if shows_permit { self.permit_text(&requester.brand, &kept, decided)? } else { None };
        let signed_permit = if shows_permit { self.signed_permit(&kept, decided)? } else { None };
        let state = state.unwrap_or_else(|| DecisionState::at_first(decided));
        let audience = audience(requester, &kept, decided);
        // INVARIANT (unknown-looks-known): a position names its partition, and lines of one account share theirs.
        let position = position.filter(|_| audience != (Audience::Carrier { account_number_matched: false }));
        let outward = outward(audience, &verdict_of(decided));
        Ok(Answer { kept, permit, signed_permit, state, outward, position })
    }

    /// The permit's text is made from the record, so a repeated request is given the same.
    fn permit_text(&self, brand: &Brand, kept: &Kept, decided: &Decided) -> Result<Option<PermitText>, ServiceError> {
        let AnswerWindow::Permit { key_id, .. } = decided.window else { return Ok(None) };
        let Some(binding) = self.binding(brand, kept, decided) else { return Ok(None) };
        match self.permits.mint_again(&binding, key_id) {
            Ok(text) => Ok(Some(PermitText(text))),
            // Retired for good, once everything it made had ended.
            Err(PermitError::UnknownKey { .. }) => Ok(None),
            Err(error @ PermitError::Malformed) => Err(ServiceError::Unavailable(error.to_string())),
        }
    }

    /// The signed permit, made from the record too.
    fn signed_permit(&self, kept: &Kept, decided: &Decided) -> Result<Option<PermitText>, ServiceError> {
        let record = kept.record();
        let AnswerWindow::Permit { not_before, expires_at, signing_key: Some(key), .. } = decided.window else {
            return Ok(None);
        };
        let (Some(signer), Some(line)) = (&self.permit_signer, &record.line) else { return Ok(None) };
        let statement = PermitStatement {
            decision: record.id,
            line: &line.id,
            change: &decided.change,
            digest: decided.digest,
            decided_at: record.at,
            not_before,
            expires_at,
        };
        let text = signer.sign(key, &statement).map_err(|error| ServiceError::Unavailable(error.to_string()))?;
        Ok(text.map(PermitText))
    }

    /// What a decision's permit is bound to.
    pub(super) fn binding(&self, brand: &Brand, kept: &Kept, decided: &Decided) -> Option<PermitBinding> {
        let record = kept.record();
        let AnswerWindow::Permit { not_before, expires_at, .. } = decided.window else { return None };
        let line = &record.line.as_ref()?.id;
        let caller = record.caller.as_ref()?;
        Some(PermitBinding {
            decision: record.id,
            line: self.vault.tokens().line(brand, line),
            change: change_digest(&decided.change),
            caller: self.vault.tokens().digest("permit-caller", &[caller.subject.as_str().as_bytes()]),
            not_before_ms: not_before.timestamp_millis(),
            expires_ms: expires_at.timestamp_millis(),
            policy: decided.policy,
        })
    }
}

/// Who hears an answer. What was decided for a carrier stays a carrier's answer, whoever reads it but the fraud desk.
fn audience(requester: &Requester, kept: &Kept, decided: &Decided) -> Audience {
    let through_carrier = kept.record().channel.is_some_and(Channel::is_carrier);
    match requester.role {
        Role::FraudOps | Role::Auditor => Audience::Everything,
        Role::PortingSystem => Audience::Carrier { account_number_matched: decided.account_number_matched },
        _ if through_carrier => Audience::Carrier { account_number_matched: decided.account_number_matched },
        Role::Customer | Role::BusinessAdmin => Audience::Customer { owner: decided.owner_asked },
        Role::PinPad | Role::Ivr => Audience::Customer { owner: false },
        _ => Audience::Staff,
    }
}

/// The verdict that a record keeps, as the rules for telling it take it.
fn verdict_of(decided: &Decided) -> Verdict {
    let reasons = decided.reasons.iter().map(|given| GivenReason { reason: given.reason, rule: rule_id(&given.rule) });
    let outcome = match (decided.outcome, decided.window) {
        (OutcomeKind::Approve, _) => {
            Outcome::Approve(Approval { not_before: DateTime::UNIX_EPOCH, life: TimeDelta::zero() })
        }
        (OutcomeKind::Challenge, AnswerWindow::OpenUntil(expires_at)) => {
            let (required, options) = (decided.required, decided.options.clone());
            Outcome::Challenge(Challenge { required, with_pin: required, options, expires_at })
        }
        (_, AnswerWindow::RetryAt(retry_at)) => Outcome::Deny(Denial { retry_at, still_works: still_works(decided) }),
        _ => Outcome::Deny(Denial { retry_at: None, still_works: still_works(decided) }),
    };
    Verdict {
        outcome,
        reasons: reasons.collect(),
        contributions: Vec::new(),
        score: decided.score,
        required: decided.required,
        accepted: decided.accepted.clone(),
        holds: Vec::new(),
        locks: Vec::new(),
    }
}

fn still_works(decided: &Decided) -> Vec<Factor> {
    decided.options.iter().map(|option| option.factor).collect()
}
