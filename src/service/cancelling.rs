//! A release cancelled by who was told of it: with a code that can only lock (P2).

use std::sync::Arc;

use super::engine::Engine;
use super::error::{Refusal, ServiceError};
use super::protect::{Guarding, ProtectionView, cancels};
use super::question::Body;
use super::rights::{Authorised, right};
use super::target::{LineRef, Scope};
use super::unbroken::Unbroken;
use crate::audit::{Decided, Event, Made};
use crate::domain::{CancelCode, Channel, LineName, RecordId, RequestId};
use crate::store::Found;

/// What the digest of a code is called.
const CODE: &str = "release-cancel";

/// A release to be cancelled with the code of its notice.
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

impl Engine {
    /// The code by which whoever is told of a release can cancel it: made from its decision, so nothing of it is kept. None of what
    /// released nothing.
    pub(super) fn cancel_code(&self, id: RecordId, event: &Event) -> Option<CancelCode> {
        let Event::Decided(decided) = event else { return None };
        let Decided { made: Some(Made::Release(_)), .. } = **decided else { return None };
        Some(CancelCode { decision: id, proof: self.vault.tokens().short_digest(CODE, &[&id.to_bytes()]) })
    }

    /// Cancels the release that a code is of, as [`Engine::cancel_release`] does. The code is the right to do that and nothing more:
    /// of the account nothing is told.
    ///
    /// INVARIANT (unknown-looks-known): a code that is not genuine is answered like one of a release that is over.
    pub async fn cancel_release_by_code(
        self: &Arc<Self>,
        who: Authorised<right::CancelReleaseByCode>,
        cancelling: Cancelling,
    ) -> Result<(), ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let over = ServiceError::Refused(Refusal::NoSuchRelease);
            let CancelCode { decision, proof } = cancelling.code;
            if !engine.vault.tokens().is_short_digest(CODE, &[&decision.to_bytes()], &proof) {
                return Err(over);
            }
            let Found::Kept(kept) = engine.vault.find(decision).await? else { return Err(over) };
            let record = kept.record();
            let Event::Decided(decided) = &record.event else { return Err(over) };
            let Some(Made::Release(release)) = decided.made else { return Err(over) };
            let owner = engine.owner(kept.account(), engine.now()?.instant()).await?.ok_or(over)?;
            let scope = match &record.line {
                Some(line) => Scope::Line(LineRef {
                    separation: engine.reference_by_name(&owner.brand, &owner.account),
                    ..LineRef::named(LineName::LineId(line.id.clone()))
                }),
                None => Scope::Account(owner.account),
            };
            let Cancelling { request_id, body, channel, .. } = cancelling;
            let guarding = Guarding { request_id, body, scope, channel };
            engine.guard(&who, &guarding, &cancels(release)).await.map(|_: ProtectionView| ())
        })
        .await
    }
}
