//! What a notice tells of, cancelled by who was told: with a code that can only lock (P2, P24).

use std::sync::Arc;

use super::engine::Engine;
use super::error::ServiceError;
use super::owners::Owner;
use super::protect::{Guarding, ProtectionView, cancels};
use super::question::Body;
use super::refusal::Refusal;
use super::rights::{Authorised, right};
use super::target::{LineRef, Scope};
use super::unbroken::Unbroken;
use crate::audit::{AnswerWindow, Event, Made, Record};
use crate::domain::{Action, CancelCode, Channel, Checks, DocumentCheck, LineName, ReleaseId, RequestId};
use crate::store::Found;

/// What the digest of a code is called.
const CODE: &str = "notice-cancel";

/// Something to be cancelled with the code of its notice.
#[derive(Debug, Clone)]
pub struct Cancelling {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The code.
    pub code: CancelCode,
    /// The channel.
    pub channel: Channel,
}

/// What a code cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cancelled {
    /// A release: its lock is on again.
    Release(ReleaseId),
    /// Anything else that takes its time: it is ended as by a dispute.
    Change,
}

impl Cancelled {
    /// What the code of a record's notice cancels; nothing of what is done at once, or waits for its customer's yes.
    fn of(record: &Record) -> Option<Self> {
        match &record.event {
            Event::Decided(decided) => match (decided.made, &decided.window) {
                (Some(Made::Release(release)), _) => Some(Self::Release(release)),
                (_, AnswerWindow::Permit { not_before, .. }) => {
                    let takes_time = decided.change.action() == Action::DeviceAdd || *not_before > record.at;
                    takes_time.then_some(Self::Change)
                }
                _ => None,
            },
            Event::DeviceWaits { .. }
            | Event::EvidenceGiven { checks: Checks { document: DocumentCheck::Seconded, .. }, .. } => {
                Some(Self::Change)
            }
            _ => None,
        }
    }
}

impl Engine {
    /// The code by which whoever is told of something can cancel it: made from its record, so nothing of it is kept. None of what
    /// cannot be cancelled so.
    pub(super) fn cancel_code(&self, record: &Record) -> Option<CancelCode> {
        let proof = || self.vault.tokens().short_digest(CODE, &[&record.id.to_bytes()]);
        Cancelled::of(record).map(|_| CancelCode { record: record.id, proof: proof() })
    }

    /// Cancels what the notice of a code told of: a release as [`Engine::cancel_release`] does, anything else as
    /// [`Engine::dispute_activity`] does. The code is the right to do that, once, and nothing more: of the account nothing is told.
    ///
    /// INVARIANT (unknown-looks-known): a code that is not genuine is answered like one of what is over.
    pub async fn cancel_by_code(
        self: &Arc<Self>,
        who: Authorised<right::CancelByCode>,
        cancelling: Cancelling,
    ) -> Result<(), ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let (over, requester) = (ServiceError::Refused(Refusal::NothingToCancel), who.requester());
            let CancelCode { record, proof } = cancelling.code;
            if !engine.vault.tokens().is_short_digest(CODE, &[&record.to_bytes()], &proof) {
                return Err(over);
            }
            let Found::Kept(kept) = engine.vault.find(record).await? else { return Err(over) };
            let Some(cancelled) = Cancelled::of(kept.record()) else { return Err(over) };
            let owner = engine.owner(kept.account(), engine.now()?.instant()).await?;
            let is_reached = |owner: &Owner| owner.brand == requester.brand && who.reaches(&owner.account);
            let owner = owner.filter(is_reached).ok_or(over)?;
            let Cancelling { request_id, body, channel, .. } = cancelling;
            let Cancelled::Release(release) = cancelled else {
                let said = (request_id, body, channel);
                return engine.say_no_by_code(requester, (&owner.account, *kept), said).await;
            };
            let scope = match &kept.record().line {
                Some(line) => Scope::Line(LineRef {
                    separation: engine.reference_by_name(&owner.brand, &owner.account),
                    ..LineRef::named(LineName::LineId(line.id.clone()))
                }),
                None => Scope::Account(owner.account),
            };
            let guarding = Guarding { request_id, body, scope, channel };
            match engine.guard(&who, &guarding, &cancels(release)).await.map(|_: ProtectionView| ()) {
                Err(ServiceError::Refused(Refusal::NoSuchRelease)) => {
                    Err(ServiceError::Refused(Refusal::NothingToCancel))
                }
                done => done,
            }
        })
        .await
    }
}
