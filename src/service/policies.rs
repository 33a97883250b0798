//! Which policy decides: each change of it on record, and none back to one that decided before unless somebody says so.
//!
//! The settings say who changes it: a file, which an operator replaces, or two people over the service, of whom one stages a
//! policy and the other puts it in force. Where two people do, the file is only what a service begins with.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::engine::{Engine, PolicySource, named};
use super::error::ServiceError;
use super::incidents::{Changed, Wanted};
use super::question::Body;
use super::refusal::Refusal;
use super::rights::{Authorised, Right, right};
use super::unbroken::Unbroken;
use crate::audit::{Event, PolicyChange, PolicyStep};
use crate::crypto::Token;
use crate::domain::{Document, PolicyInForce, PolicyRevision, PolicyShelf, Reference, RequestId, StagedPolicy};
use crate::policy::{Policy, load};

/// How long a staged policy waits for a second person.
const STAGED_LASTS: TimeDelta = TimeDelta::days(7);

/// What a kept text is called in errors.
const KEPT_NAME: &str = "policy";

/// A policy that somebody wants.
#[derive(Debug, Clone)]
pub struct PolicyOrder {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The text of its file.
    pub text: String,
    /// What it says.
    pub policy: Box<Policy>,
    /// Why.
    pub reason: Reference,
    /// Whether it may be one that decided before.
    pub goes_back: bool,
}

/// Which policy decides, and which one waits.
#[derive(Debug, Clone)]
pub struct PolicyStanding {
    /// The one that decides.
    pub revision: PolicyRevision,
    /// What is known of it and of others.
    pub shelf: PolicyShelf,
    /// Whether two people change it.
    pub by_two: bool,
    /// Until when the staged one waits.
    pub staged_until: Option<DateTime<Utc>>,
}

impl Engine {
    /// Lets a service begin with the policy that is its own: the one of the settings, or where two people change it the one
    /// that they put in force last. `may_go_back` is the operator's word that a file may be one that decided before.
    ///
    /// INVARIANT (fail-closed): a service whose policy went back, or whose kept policy does not stand, does not begin.
    pub async fn begin_policy(&self, may_go_back: bool) -> Result<PolicyRevision, ServiceError> {
        if self.policy_source == PolicySource::Service
            && let Some(PolicyInForce { text: Some(text), .. }) = self.shelf_of_policies().await?.in_force
        {
            // Another program may read more in the same text, such as a rule that every policy has: that is on record too.
            return self.put_on_record(read_kept(&text)?, Some(text), true).await;
        }
        let policy = self.policy.load_full();
        self.take_policy((*policy).clone(), may_go_back).await
    }

    /// Decides by the policy of a file from the next decision on, once that is on record.
    pub async fn take_policy(&self, policy: Policy, may_go_back: bool) -> Result<PolicyRevision, ServiceError> {
        self.put_on_record(named(policy)?, None, may_go_back).await
    }

    async fn put_on_record(
        &self,
        policy: Policy,
        text: Option<String>,
        may_go_back: bool,
    ) -> Result<PolicyRevision, ServiceError> {
        let (revision, now) = (policy.revision, self.now()?.instant());
        // What is on record last decides: nobody comes between the record and what is decided by.
        let _turn = self.policy_turn.lock().await;
        let wanted = self.wanted_policy(now);
        let kept = self.keep_document(&wanted, |before| {
            let mut shelf = shelf(before);
            if shelf.in_force.as_ref().is_some_and(|before| before.revision == revision) {
                return Ok(None);
            }
            let goes_back = shelf.goes_back_to(revision);
            if goes_back && !may_go_back {
                return Err(ServiceError::Refused(Refusal::PolicyGoesBack));
            }
            let previous = shelf.put_in_force(PolicyInForce { revision, since: now, text: text.clone() });
            let change = PolicyChange { revision, previous, step: PolicyStep::File, goes_back, reason: None };
            Ok(Some(changed(shelf, change)))
        });
        kept.await?;
        self.policy.store(Arc::new(policy));
        Ok(revision)
    }

    /// Keeps a policy that one person wants until another agrees. It takes the place of one that waited.
    pub async fn stage_policy(
        self: &Arc<Self>,
        who: Authorised<right::StagePolicy>,
        order: PolicyOrder,
    ) -> Result<PolicyStanding, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            engine.check_by_two(&who)?;
            engine.check_word(who.requester()).await?;
            let (requester, now) = (who.requester(), engine.now()?.instant());
            let PolicyOrder { request_id, body, text, policy, reason, goes_back } = order;
            let revision = named(*policy)?.revision;
            let wanted = engine.wanted(requester, (request_id, &body), engine.policies_token(), now);
            let kept = engine.keep_document(&wanted, |before| {
                let mut shelf = shelf(before);
                if shelf.goes_back_to(revision) && !goes_back {
                    return Err(ServiceError::Refused(Refusal::PolicyGoesBack));
                }
                let (text, by, reason) = (text.clone(), requester.subject.clone(), reason.clone());
                let event_reason = Some(reason.clone());
                shelf.staged = Some(StagedPolicy { revision, text, by, at: now, reason, goes_back });
                let previous = shelf.in_force.as_ref().map(|policy| policy.revision);
                let step = PolicyStep::Staged;
                Ok(Some(changed(shelf, PolicyChange { revision, previous, step, goes_back, reason: event_reason })))
            });
            kept.await?;
            engine.policy_standing().await
        })
        .await
    }

    /// Puts the staged policy in force, from the next decision on.
    ///
    /// Who staged it is never who puts it in force, in whatever role: subjects are compared, and nothing else.
    pub async fn activate_policy(
        self: &Arc<Self>,
        who: Authorised<right::ActivatePolicy>,
        (request_id, body): (RequestId, Body),
        revision: PolicyRevision,
    ) -> Result<PolicyStanding, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            engine.check_by_two(&who)?;
            engine.check_word(who.requester()).await?;
            let (requester, now) = (who.requester(), engine.now()?.instant());
            let _turn = engine.policy_turn.lock().await;
            // A text that another program staged may say something else to this one: it is read before it is on record.
            let staged = engine.shelf_of_policies().await?.staged.filter(|staged| staged.revision == revision);
            let read = staged.map(|staged| read_kept(&staged.text).map(|policy| (policy, staged.text))).transpose()?;
            let wanted = engine.wanted(requester, (request_id, &body), engine.policies_token(), now);
            let kept = engine.keep_document(&wanted, |before| {
                let mut shelf = shelf(before);
                if shelf.in_force.as_ref().is_some_and(|before| before.revision == revision) {
                    return Ok(None);
                }
                let waiting = shelf.staged.take().filter(|staged| staged.revision == revision);
                let staged = waiting.ok_or(ServiceError::NotFound("staged policy"))?;
                if staged.by == requester.subject {
                    return Err(ServiceError::Refused(Refusal::SecondPersonNeeded));
                }
                if now.signed_duration_since(staged.at) >= STAGED_LASTS {
                    return Err(ServiceError::Refused(Refusal::PolicyExpired));
                }
                // It may have decided since it was staged.
                let goes_back = shelf.goes_back_to(revision);
                if goes_back && !staged.goes_back {
                    return Err(ServiceError::Refused(Refusal::PolicyGoesBack));
                }
                match &read {
                    Some((policy, text)) if *text == staged.text && policy.revision == revision => {}
                    Some((_, text)) if *text == staged.text => {
                        return Err(ServiceError::Refused(Refusal::PolicyExpired));
                    }
                    _ => return Err(ServiceError::Unavailable("the policy is being staged: ask again".to_owned())),
                }
                let text = Some(staged.text);
                let previous = shelf.put_in_force(PolicyInForce { revision, since: now, text });
                let (step, reason) = (PolicyStep::Activated, Some(staged.reason));
                Ok(Some(changed(shelf, PolicyChange { revision, previous, step, goes_back, reason })))
            });
            if let (Some(_), Some((policy, _))) = (kept.await?, read) {
                engine.policy.store(Arc::new(policy));
            }
            engine.policy_standing().await
        })
        .await
    }

    /// Which policy decides, and which one waits.
    pub async fn get_policy(&self, _: &Authorised<right::ReadPolicy>) -> Result<PolicyStanding, ServiceError> {
        self.policy_standing().await
    }

    async fn policy_standing(&self) -> Result<PolicyStanding, ServiceError> {
        let shelf = self.shelf_of_policies().await?;
        let by_two = self.policy_source == PolicySource::Service;
        let staged_until = shelf.staged.as_ref().and_then(|staged| staged.at.checked_add_signed(STAGED_LASTS));
        Ok(PolicyStanding { revision: self.policy.load().revision, shelf, by_two, staged_until })
    }

    /// One policy decides for all brands: it is the house's own matter, and a file's where the settings say so.
    fn check_by_two<R: Right>(&self, who: &Authorised<R>) -> Result<(), ServiceError> {
        if who.requester().brand != self.carrier.brand {
            return Err(ServiceError::Refused(Refusal::HouseOnly));
        }
        if self.policy_source == PolicySource::File {
            return Err(ServiceError::Refused(Refusal::PolicyByFile));
        }
        Ok(())
    }

    /// Decides by the policy that two people put in force last, wherever they did.
    pub(super) async fn take_kept_policy(&self) -> Result<(), ServiceError> {
        let _turn = self.policy_turn.lock().await;
        if let Some(PolicyInForce { text: Some(text), revision, .. }) = self.shelf_of_policies().await?.in_force
            && revision != self.policy.load().revision
        {
            self.policy.store(Arc::new(read_kept(&text)?));
        }
        Ok(())
    }

    fn wanted_policy(&self, now: DateTime<Utc>) -> Wanted<'_> {
        Wanted { brand: &self.carrier.brand, caller: None, reserve: None, document: self.policies_token(), now }
    }

    fn policies_token(&self) -> Token {
        self.vault.tokens().document("policies", &[])
    }

    async fn shelf_of_policies(&self) -> Result<PolicyShelf, ServiceError> {
        Ok(shelf(self.document(&self.carrier.brand, self.policies_token()).await?.as_ref()))
    }
}

fn shelf(document: Option<&Document>) -> PolicyShelf {
    match document {
        Some(Document::Policies(shelf)) => shelf.as_ref().clone(),
        _ => PolicyShelf::default(),
    }
}

fn changed(shelf: PolicyShelf, change: PolicyChange) -> Changed {
    Changed { document: Document::Policies(Box::new(shelf)), event: Event::PolicyChanged(change), id: None }
}

/// A policy from the text that is kept of it.
fn read_kept(text: &str) -> Result<Policy, ServiceError> {
    let unfit =
        |error: &dyn std::error::Error| ServiceError::Unavailable(format!("the kept policy does not stand: {error}"));
    named(load(KEPT_NAME, text).map_err(|error| unfit(&error))?)
}
