//! Decide: may this change be carried out elsewhere? An approval grants a permit.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::ask::{Approved, Effect};
use super::engine::Engine;
use super::error::ServiceError;
use super::question::Question;
use super::rights::{Authorised, may_ask, right};
use super::unbroken::Unbroken;
use crate::audit::{AnswerWindow, Made};
use crate::domain::{Account, Approval, Change, Line, Permit, PermitState, Place, SimTarget, TransferPinCheck};

impl Engine {
    /// Decides one change.
    pub async fn decide(
        self: &Arc<Self>,
        who: Authorised<right::Decide>,
        question: Question,
    ) -> Result<Answer, ServiceError> {
        if !may_ask(who.requester().role, question.change.action()) {
            return Err(ServiceError::Forbidden);
        }
        let engine = Arc::clone(self);
        Unbroken::new(async move { engine.ask(&who, &question, &mut GrantPermit { change: &question.change }).await })
            .await
    }

    /// The key that is to sign the permit, where that was asked for.
    fn signing_key(&self, question: &Question) -> Result<Option<u8>, ServiceError> {
        let signer = self.permit_signer.as_ref().filter(|_| question.want_signed_permit);
        let number = signer.map(|signer| signer.active_key_number()).transpose();
        number.map_err(|error| ServiceError::Unavailable(error.to_string()))
    }
}

/// What an approval of `Decide` does: it grants a permit.
pub(super) struct GrantPermit<'a> {
    pub change: &'a Change,
}

impl Effect for GrantPermit<'_> {
    fn check(&self, _: &Account, line: &Line, _: DateTime<Utc>) -> Result<(), ServiceError> {
        match self.change {
            Change::Sim(sim) if line.is_on(&sim.target) => {
                let field = match sim.target {
                    SimTarget::Iccid(_) => "change.sim_change.iccid",
                    SimTarget::Eid(_) => "change.sim_change.eid",
                };
                Err(ServiceError::Invalid { field, expected: "must be another SIM than the active one" })
            }
            _ => Ok(()),
        }
    }

    fn waits(&self) -> bool {
        true
    }

    fn approve(&mut self, approved: Approved<'_>) -> Result<(AnswerWindow, Option<Made>), ServiceError> {
        let Approved { engine, asking, open, target, decision, seq, approval, weighed } = approved;
        let line = target.line.and_then(|token| open.line(token));
        // The way back is over with the recovery.
        let way_back_until = line.and_then(|line| line.way_back(self.change, asking.now)?.until());
        let Some((line, flagged)) = line.map(|line| (line.id.clone(), line.flags.any())) else {
            // INVARIANT (fail-closed): a permit without a line would be good for none, or for any.
            return Err(ServiceError::NotFound("line"));
        };
        let Approval { not_before, life } = approval;
        let expires_at = not_before.checked_add_signed(life).unwrap_or(not_before);
        let expires_at = way_back_until.map_or(expires_at, |until| until.min(expires_at));
        let transfer_pin = match weighed.checks.transfer_pin {
            TransferPinCheck::Matched { id, .. } => Some(id),
            _ => None,
        };
        let (requester, said) = (asking.requester, &asking.question.interaction);
        // A customer is held by no place of theirs, when they ask and later.
        let place = if requester.role.is_bound_to_account() { Place::default() } else { Place::of(requester, said) };
        let permit = Permit {
            line,
            action: self.change.action(),
            change: asking.question.digest(),
            caller: requester.subject.clone(),
            via: said.channel,
            policy: weighed.policy.revision,
            not_before,
            expires_at,
            granted_seq: seq,
            transfer_pin,
            place,
            flagged: flagged || open.account().is_some_and(|account| account.flags.any()),
            state: PermitState::Open,
        };
        open.grant(decision, permit);
        let signing_key = engine.signing_key(asking.question)?;
        let key_id = engine.permits.active_key_id();
        Ok((AnswerWindow::Permit { not_before, expires_at, key_id, signing_key }, None))
    }
}
