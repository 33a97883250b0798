//! Proof ahead of the question: the customer gives it for an exact change of a line, and whoever then asks for that brings its handle.
//! It is given as any proof is (`giving`), for a challenge that begins with it and that nobody was given yet.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::keeping::begun;
use crate::domain::{Action, Change, Evidence, Interaction, PendingState, RecordId, RequestId, Role};
use crate::service::ask::Asking;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::{Body, Question};
use crate::service::rights::{Authorised, right};
use crate::service::target::{LineRef, Scope, Target};
use crate::service::unbroken::Unbroken;
use crate::store::OpenAccount;

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
            let Ahead { request_id, body, line, change, evidence, interaction } = ahead;
            let question = Question::plain(request_id, body, Scope::Line(line), change, evidence, interaction);
            let now = engine.now()?.instant();
            engine.check_question(who.requester(), &question, now)?;
            let (handle, expires_at) = engine.give(&who, &question, (None, now)).await?;
            Ok(GivenAhead { handle, expires_at })
        })
        .await
    }

    /// Begins what is given ahead, under a name of its own.
    pub(super) fn begin_ahead(
        &self,
        open: &mut OpenAccount,
        asking: &Asking<'_>,
        target: &Target,
    ) -> Result<RecordId, ServiceError> {
        let handle = RecordId::from_u128(self.vault.ids().mint(asking.now, target.account.partition())?);
        let Scope::Line(line) = &asking.question.scope else { return Err(ServiceError::NotFound("line")) };
        let begun = begun(open, asking, &line.name, (handle, asking.now + asking.policy.challenge_life));
        open.keep_challenge(self.ahead_token(handle), begun);
        Ok(handle)
    }
}

/// Writes down that proof which was given ahead is used: it is good for one question, whatever that came to.
pub(in crate::service) fn use_ahead(open: &mut OpenAccount, asking: &Asking<'_>, decision: RecordId) {
    if let Some(ahead) = asking.question.evidence.handle.and_then(|handle| open.challenge_mut(handle)) {
        ahead.state = PendingState::Met { at: asking.now, by: decision };
    }
}
