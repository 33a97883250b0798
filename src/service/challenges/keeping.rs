//! A challenge kept with the decision that it is, and what a completion makes of it.

use chrono::{DateTime, Utc};

use crate::crypto::Token;
use crate::domain::{
    AppCheck, Challenge, Factor, Given, GivenProof, Mode, OutcomeKind, Pending, PendingState, PermitState, PinCheck,
    Place, RecordId,
};
use crate::service::ask::Asking;
use crate::service::engine::Engine;
use crate::service::error::{Refusal, ServiceError};
use crate::service::question::Question;
use crate::service::target::{Scope, Target};
use crate::service::weigh::Weighed;
use crate::store::OpenAccount;

impl Engine {
    /// Where a challenge is kept, beside its account.
    pub(in crate::service) fn challenge_token(&self, decision: RecordId) -> Token {
        self.vault.tokens().document("challenge", &[&decision.to_bytes()])
    }

    /// The decision that a question takes the place of, if it can be the account's at all.
    pub(in crate::service) fn superseded(&self, asking: &Asking<'_>, target: &Target) -> Option<RecordId> {
        let is_near = |id: &RecordId| self.vault.ids().partition_of(id.as_u128()) == target.account.partition();
        asking.question.supersedes.filter(is_near)
    }

    /// Where the challenges are kept that a question may end.
    pub(in crate::service) fn challenges_of(&self, asking: &Asking<'_>, target: &Target) -> Vec<Token> {
        let both = asking.question.completes.into_iter().chain(self.superseded(asking, target));
        both.map(|challenge| self.challenge_token(challenge)).collect()
    }

    /// Keeps a challenge for who is to meet it, under its decision's id, where it has one to be kept under. Answers until when
    /// it is open: one that is completed in vain stays open for as long as it was.
    pub(in crate::service) fn keep_challenge(
        &self,
        open: &mut OpenAccount,
        asking: &Asking<'_>,
        challenge: &Challenge,
        decision: Option<RecordId>,
    ) -> DateTime<Utc> {
        let question = asking.question;
        if let Some(before) = question.completes.and_then(|before| open.challenge(before)) {
            return before.expires_at;
        }
        if let (Some(decision), Scope::Line(line)) = (decision, &question.scope) {
            let pending = Pending {
                decision,
                named: line.name.clone(),
                line: open.only_line().map(|line| line.id.clone()),
                action: question.change.action(),
                change: question.digest(),
                caller: asking.requester.subject.clone(),
                required: challenge.required,
                expires_at: challenge.expires_at,
                granted_seq: open.next_seq(),
                given: Vec::new(),
                wrong: 0,
                state: PendingState::Open,
            };
            open.keep_challenge(self.challenge_token(decision), pending);
        }
        challenge.expires_at
    }
}

/// Refuses to complete what came to its end by who asked.
pub(in crate::service) fn check_not_met(open: &OpenAccount, question: &Question) -> Result<(), ServiceError> {
    match question.completes.and_then(|challenge| open.challenge(challenge)).map(|pending| pending.state) {
        Some(PendingState::Met { .. } | PendingState::Withdrawn { .. }) => {
            Err(ServiceError::Refused(Refusal::DecisionFinal))
        }
        Some(PendingState::Open | PendingState::Declined { .. }) | None => Ok(()),
    }
}

/// Ends the decision that this one takes the place of, if who asks asked for that one too, and for the same line.
pub(in crate::service) fn supersede(open: &mut OpenAccount, asking: &Asking<'_>) {
    let Some(before) = asking.question.supersedes.filter(|_| asking.question.mode == Mode::Enforce) else { return };
    let (line, caller) = (open.only_line().map(|line| line.id.clone()), &asking.requester.subject);
    if let Some(permit) = open.permit_mut(before)
        && permit.caller == *caller
        && Some(&permit.line) == line.as_ref()
        && permit.state == PermitState::Open
    {
        permit.state = PermitState::Withdrawn { at: asking.now };
    }
    if let Some(pending) = open.challenge_mut(before)
        && pending.caller == *caller
        && pending.line == line
        && pending.state == PendingState::Open
    {
        pending.state = PendingState::Withdrawn { at: asking.now };
    }
}

/// Writes down on a challenge what its completion came to: that it is met, or what was right and what was wrong of the proof
/// that came along.
pub(in crate::service) fn note_answers(
    open: &mut OpenAccount,
    asking: &Asking<'_>,
    weighed: &Weighed,
    decision: RecordId,
) {
    let Some(challenge) = asking.question.completes else { return };
    let pin_set_at = open.credentials().and_then(|credentials| credentials.pin.as_ref()).map(|pin| pin.set_at);
    let Some(pending) = open.challenge_mut(challenge) else { return };
    if weighed.verdict.outcome.kind() == OutcomeKind::Approve {
        pending.state = PendingState::Met { at: asking.now, by: decision };
        return;
    }
    let accepted = |factor| weighed.verdict.accepted.contains(&factor);
    let proofs = [
        pin_set_at.filter(|_| accepted(Factor::AccountPin)).map(|set_at| GivenProof::AccountPin { set_at }),
        approving_device(asking.question).filter(|_| accepted(Factor::AppApproval)),
    ];
    note_proofs(pending, asking, (weighed.found.checks.pin, weighed.found.checks.app), proofs);
}

/// The device whose approval came along.
pub(super) fn approving_device(question: &Question) -> Option<GivenProof> {
    let device = question.evidence.app_approval.as_ref().map(|approval| approval.device.clone());
    device.map(|device| GivenProof::AppApproval { device })
}

/// Adds what was right, and counts what was wrong.
pub(super) fn note_proofs(
    pending: &mut Pending,
    asking: &Asking<'_>,
    (pin, app): (PinCheck, AppCheck),
    right: [Option<GivenProof>; 2],
) {
    let wrong = u8::from(pin.is_failure()).saturating_add(u8::from(app == AppCheck::Refused));
    pending.wrong = pending.wrong.saturating_add(wrong);
    let brought = |proof: &GivenProof| match proof {
        GivenProof::AccountPin { .. } => pin == PinCheck::Matched,
        GivenProof::AppApproval { .. } => matches!(app, AppCheck::Signed { .. }),
    };
    for proof in right.into_iter().flatten().filter(brought) {
        let place = Place::of(asking.requester, &asking.question.interaction);
        pending.give(Given { at: asking.now, by: asking.requester.subject.clone(), place, proof });
    }
}
