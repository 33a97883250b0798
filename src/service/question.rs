//! A question to the policy, whichever use case asks it.

use chrono::{DateTime, TimeDelta, Utc};

use super::engine::Engine;
use super::error::ServiceError;
use super::target::{LineRef, Scope};
use crate::audit::{Caller, Decided};
use crate::crypto::{Token, change_digest};
use crate::domain::{
    Change, ChangeDigest, Channel, Claims, Evidence, Interaction, Mode, ObservedSignal, RecordId, Reference, RequestId,
    Requester, Role,
};
use crate::store::{Position, Reserve};

/// What is asked, by whom, with what in hand.
#[derive(Debug, Clone)]
pub struct Question {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said, for telling a repetition from another request. Holds secrets: only a keyed digest is kept.
    pub body: Body,
    /// The line or account.
    pub scope: Scope,
    /// The change.
    pub change: Change,
    /// Whether it counts.
    pub mode: Mode,
    /// The place.
    pub interaction: Interaction,
    /// Facts given along.
    pub claims: Claims,
    /// Proof offered.
    pub evidence: Evidence,
    /// What other systems observed.
    pub signals: Vec<ObservedSignal>,
    /// When the change is to be carried out.
    pub plan_time: Option<DateTime<Utc>>,
    /// The asker's own reference.
    pub external_reference: Option<Reference>,
    /// The decision this replaces.
    pub supersedes: Option<RecordId>,
    /// The challenge that it completes.
    pub completes: Option<RecordId>,
    /// What the caller has seen.
    pub at_least: Option<Position>,
    /// Whether an approval's permit is also to be signed, for relying parties.
    pub want_signed_permit: bool,
}

/// The farthest ahead a change may be planned: facts it is decided on must still mean something then.
const PLAN_AHEAD_MAX: TimeDelta = TimeDelta::days(30);

/// The bytes of a request as they came. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(pub Vec<u8>);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body(..)")
    }
}

impl Question {
    /// One that counts, with nothing along but its proof.
    pub fn plain(
        request_id: RequestId,
        body: Body,
        scope: Scope,
        change: Change,
        evidence: Evidence,
        interaction: Interaction,
    ) -> Self {
        Self {
            request_id,
            body,
            scope,
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

    /// The digest of the change, which everything granted is bound to.
    pub fn digest(&self) -> ChangeDigest {
        change_digest(&self.change)
    }

    /// The text that an app key signs to approve exactly this.
    pub fn signing_input(&self) -> String {
        self.signing_input_for(&self.scope.as_given())
    }

    /// The same for a batch: every line is named in it, in the order asked, with commas between. Who approves one line's
    /// leaving has not approved another's.
    pub fn batch_signing_input(&self, lines: &[LineRef]) -> String {
        let named: Vec<String> = lines.iter().map(|line| line.name.as_given()).collect();
        self.signing_input_for(&named.join(","))
    }

    fn signing_input_for(&self, scope: &str) -> String {
        let Self { request_id, change, .. } = self;
        let (action, hex) = (change.action().name(), self.digest().to_hex());
        format!("portcullis-approval-v1\n{request_id}\n{scope}\n{action}\n{hex}")
    }
}

impl Engine {
    /// The key under which a request is answered once.
    ///
    /// INVARIANT (one-request-one-decision): caller and request id make the key; everything asked makes the digest.
    pub(super) fn reserve(&self, requester: &Requester, request_id: RequestId, body: &Body) -> Reserve {
        let tokens = self.vault.tokens();
        Reserve {
            request: tokens.request(&requester.subject, request_id),
            digest: tokens.digest("request", &[&body.0]),
        }
    }

    /// The subject a caller's attempts count by.
    pub(super) fn subject_token(&self, requester: &Requester) -> Token {
        self.vault.tokens().subject(&requester.subject)
    }

    /// A question that comes from the edge makes sense before anything is read.
    pub(super) fn check_question(
        &self,
        requester: &Requester,
        question: &Question,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        self.notices.pace.note_ask();
        if !may_come_through(requester.role, question.interaction.channel) {
            let expected = "must be a channel that the caller works in: the customer's own are the customer's";
            return Err(ServiceError::Invalid { field: "interaction.channel", expected });
        }
        if question.plan_time.is_some_and(|at| at.signed_duration_since(now) > PLAN_AHEAD_MAX) {
            return Err(ServiceError::Invalid { field: "plan_time", expected: "must be at most 30 days ahead" });
        }
        if question.change.gaining_spid().is_some_and(|spid| self.carrier.own_spids.contains(&spid)) {
            let expected = "must be another carrier's SPID: a port to oneself is no port";
            return Err(ServiceError::Invalid { field: "change.port_out.gaining_spid", expected });
        }
        if question.want_signed_permit && self.permit_signer.is_none() {
            let expected = "must be false: this service signs no permits, for `permits.issuer` is not set";
            return Err(ServiceError::Invalid { field: "want_signed_permit", expected });
        }
        if question.mode == Mode::Advise && question.want_signed_permit {
            let expected = "must be false in MODE_ADVISE, which grants no permit";
            return Err(ServiceError::Invalid { field: "want_signed_permit", expected });
        }
        if question.mode == Mode::Advise && question.evidence != Evidence::default() {
            let expected = "must be empty in MODE_ADVISE, which looks at no evidence";
            return Err(ServiceError::Invalid { field: "evidence", expected });
        }
        Ok(())
    }
}

/// Whether a role's requests may come through a channel. What goes through care or a store is held to more (P2), so those who
/// work there cannot say that the customer's own app or page was asked.
const fn may_come_through(role: Role, channel: Channel) -> bool {
    match role {
        Role::RetailAgent | Role::RetailManager | Role::CareAgent | Role::PinPad | Role::Ivr | Role::PortingSystem => {
            !matches!(channel, Channel::Web | Channel::App)
        }
        _ => true,
    }
}

/// Who caused a record.
pub(super) fn caller_of(requester: &Requester) -> Caller {
    Caller { subject: requester.subject.clone(), role: requester.role }
}

/// Whether an answer's asker is this requester.
pub(super) fn asked_by(caller: Option<&Caller>, requester: &Requester) -> bool {
    caller.is_some_and(|caller| caller.subject == requester.subject)
}

/// Whether a decision granted something that can still be given back or used.
pub(super) const fn grants_permit(decided: &Decided) -> bool {
    matches!(decided.window, crate::audit::AnswerWindow::Permit { .. })
}
