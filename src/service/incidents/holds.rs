//! Holds: placed by a person of the fraud desk, a rule or a customer's report, lifted by two people.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::keeping::{Changed, DocumentPlace, Wanted};
use crate::audit::{Caller, Event, HoldStep};
use crate::domain::{
    Brand, Document, HeldName, Hold, HoldCause, HoldKind, HoldTarget, Place, RecordId, Reference, RequestId, Requester,
    RuleId, Undoing,
};
use crate::service::ask::Asking;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::{Body, caller_of};
use crate::service::rights::{Authorised, right};
use crate::service::unbroken::Unbroken;

/// What a hold is called where there is none.
const HOLD: &str = "hold";

/// The most holds that a brand may have at a time.
const HOLDS_MAX: usize = 65_536;

/// The most holds on a page.
pub const HOLDS_PAGE_MAX: usize = 200;

/// A hold to be placed, or lifted: one person's word of two.
#[derive(Debug, Clone)]
pub struct HoldOrder {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// Who or what.
    pub target: HoldTarget,
    /// Why.
    pub reason: Reference,
}

/// A page of holds.
#[derive(Debug, Clone)]
pub struct HoldPage<P> {
    /// They.
    pub holds: Vec<Hold>,
    /// Where to go on, where there may be more.
    pub next: Option<P>,
}

impl Engine {
    /// Holds somebody or something from the next decision on. Who is held already stays so, and whoever's word was there to
    /// lift it counts no more.
    pub async fn place_hold(
        self: &Arc<Self>,
        who: Authorised<right::PlaceHold>,
        order: HoldOrder,
    ) -> Result<Hold, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let (requester, HoldOrder { request_id, body, target, reason }) = (who.requester(), order);
            let now = engine.now()?.instant();
            let wanted = engine.wanted(requester, (request_id, &body), engine.hold_token(&target), now);
            engine.hold(&wanted, &target, HoldCause::Hand(requester.subject.clone()), &reason).await
        })
        .await
    }

    /// Adds one person's word that a hold is to be lifted. With a second person's it is.
    pub async fn lift_hold(
        self: &Arc<Self>,
        who: Authorised<right::LiftHold>,
        order: HoldOrder,
    ) -> Result<Hold, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let (requester, HoldOrder { request_id, body, target, reason }) = (who.requester(), order);
            let document = (engine.hold_token(&target), HOLD);
            hold_in(engine.add_word(requester, (request_id, &body), document, reason).await?)
        })
        .await
    }

    /// Holds of the caller's brand that stand, those after one, at most `limit`.
    pub async fn list_holds(
        &self,
        who: &Authorised<right::ReadIncidents>,
        after: Option<&HoldTarget>,
        limit: usize,
    ) -> Result<HoldPage<HoldTarget>, ServiceError> {
        let book = self.book(&who.requester().brand).await?;
        let (holds, more) = book.holds(after, limit);
        let next = if more { holds.last().map(|hold| hold.target.clone()) } else { None };
        Ok(HoldPage { holds, next })
    }

    /// All holds that there ever were, those after a place, at most `limit`. Lifted ones are in the store alone.
    pub async fn list_all_holds(
        &self,
        who: &Authorised<right::ReadIncidents>,
        after: Option<DocumentPlace>,
        limit: usize,
    ) -> Result<HoldPage<DocumentPlace>, ServiceError> {
        let pick = |document| if let Document::Hold(hold) = document { Some(*hold) } else { None };
        let (holds, next) = self.kept_documents(&who.requester().brand, after, limit, pick).await?;
        Ok(HoldPage { holds, next })
    }

    /// Holds what a rule of the policy says, once the decision in which it said so is on record.
    ///
    /// The answer is a refusal either way. A hold that cannot be kept is told to the operator: the rule says it again with the
    /// next request.
    pub(in crate::service) async fn hold_by_rule(
        &self,
        asking: &Asking<'_>,
        (kind, rule): (HoldKind, RuleId),
        decision: RecordId,
    ) {
        let Asking { requester, question, now, .. } = *asking;
        let place = Place::of(requester, &question.interaction);
        let Some(target) = held_by_rule(kind, requester, &place) else { return };
        if let Err(error) = self.hold_for(&requester.brand, target, (rule, decision), now).await {
            tracing::error!(%error, rule, "a hold that a rule asks for cannot be kept");
        }
    }

    async fn hold_for(
        &self,
        brand: &Brand,
        target: HoldTarget,
        (rule, decision): (RuleId, RecordId),
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let never = |_| ServiceError::Unavailable("a rule's name is no reason".to_owned());
        let reason = Reference::parse(rule).map_err(never)?;
        let document = self.hold_token(&target);
        let wanted = Wanted { brand, caller: None, reserve: None, document, now };
        let cause = HoldCause::Rule { rule: rule.to_owned(), decision };
        self.hold(&wanted, &target, cause, &reason).await.map(drop)
    }

    /// Places a hold, whoever wants it.
    pub(super) async fn hold(
        &self,
        wanted: &Wanted<'_>,
        target: &HoldTarget,
        cause: HoldCause,
        reason: &Reference,
    ) -> Result<Hold, ServiceError> {
        let book = self.book(wanted.brand).await?;
        if !book.is_held(target) && book.hold_count() >= HOLDS_MAX {
            return Err(ServiceError::Exhausted {
                what: "there are 65,536 holds: no more can be kept",
                retry_at: None,
            });
        }
        let kept = self.keep_document(wanted, |before| {
            let stands = matches!(before, Some(Document::Hold(hold)) if hold.lifting == Undoing::Stands);
            if stands {
                return Ok(None);
            }
            let hold = Hold {
                target: target.clone(),
                cause: cause.clone(),
                reason: reason.clone(),
                since: wanted.now,
                lifting: Undoing::Stands,
            };
            let step = HoldStep::Placed(cause.clone());
            let event = Event::HoldChanged { target: target.clone(), step, reason: reason.clone() };
            Ok(Some(Changed { document: Document::Hold(Box::new(hold)), event, id: None }))
        });
        match kept.await? {
            Some(document) => hold_in(document),
            None => hold_in(self.document(wanted.brand, wanted.document).await?.ok_or(ServiceError::NotFound(HOLD))?),
        }
    }

    pub(super) fn hold_token(&self, target: &HoldTarget) -> crate::crypto::Token {
        self.vault.tokens().document("hold", &[&[target.kind as u8], target.name.as_str().as_bytes()])
    }
}

fn hold_in(document: Document) -> Result<Hold, ServiceError> {
    if let Document::Hold(hold) = document { Ok(*hold) } else { Err(ServiceError::NotFound(HOLD)) }
}

/// Whom or what a rule holds: one for certain of those that a request names.
///
/// What the token is bound to comes before what the request says, and a clerk's own token before the rep that they name: nobody
/// is held because somebody else was refused in their name. Behind a shared front end it is the one who stands there.
fn held_by_rule(kind: HoldKind, requester: &Requester, place: &Place) -> Option<HoldTarget> {
    let caller = caller_of(requester);
    let name = match kind {
        HoldKind::Staff => staff_behind(&caller, place),
        HoldKind::Store => place.store().map(|store| store.as_str()),
        HoldKind::Device => place.device().map(|device| device.as_str()),
        HoldKind::Token => requester.token.as_ref().map(|token| token.as_str()),
        // Of a front end that many stores share it would hold them all.
        HoldKind::Certificate => {
            let own = requester.connection.certificate.as_ref().filter(|_| requester.connection.store.is_some());
            own.map(|certificate| certificate.as_str())
        }
        HoldKind::Carrier => None,
    };
    name.filter(|_| !requester.role.is_bound_to_account()).and_then(|name| target(kind, name))
}

/// The one of the staff who asks: whom the token names, and behind a shared front end whom it names.
pub(super) fn staff_behind<'a>(caller: &'a Caller, place: &'a Place) -> Option<&'a str> {
    if caller.role.is_staff() { Some(caller.subject.as_str()) } else { place.rep.as_ref().map(|rep| rep.as_str()) }
}

/// A name that is to be held, if it can be.
pub(super) fn target(kind: HoldKind, name: &str) -> Option<HoldTarget> {
    HeldName::parse(name).ok().map(|name| HoldTarget { kind, name })
}
