//! Identity documents: who may scan one, and who may say that they have seen it.

use chrono::{DateTime, Utc};

use super::keeping::prompts_of;
use crate::domain::{Beside, Channel, Evidence, GivenProof, Pending, Place, RecordId, Requester, Role};
use crate::service::ask::Asking;
use crate::service::challenges::Submission;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::Question;
use crate::service::refusal::Refusal;
use crate::service::target::Target;
use crate::service::velocity::{Counted, Found};
use crate::service::weigh::Weighed;
use crate::store::OpenAccount;

/// Refuses proof of a kind that is not its giver's to give.
///
/// Staff give none for the customer: they show what they see of them, in the store.
pub(super) fn check_kind(requester: &Requester, submission: &Submission) -> Result<(), ServiceError> {
    let Submission { evidence, interaction, .. } = submission;
    let Evidence { account_pin, transfer_pin, one_time_code, app_approval, document, second_person, handle: _ } =
        evidence;
    let is_customers =
        account_pin.is_some() || transfer_pin.is_some() || one_time_code.is_some() || app_approval.is_some();
    let may = match requester.role {
        Role::PinPad | Role::Ivr | Role::Customer | Role::BusinessAdmin => {
            document.is_none() && second_person.is_none()
        }
        Role::RetailAgent | Role::RetailManager => !is_customers,
        _ => !is_customers && document.is_none(),
    };
    if !may {
        return Err(ServiceError::Forbidden);
    }
    if document.is_none() && second_person.is_none() {
        return Ok(());
    }
    if document.is_some() && second_person.is_some() {
        return Err(ServiceError::Refused(Refusal::SecondPersonNeeded));
    }
    // A machine is no person, and one till is not two devices.
    if requester.subject.is_machine() {
        return Err(ServiceError::Refused(Refusal::PersonNeeded));
    }
    if Place::of(requester, interaction).device().is_none() {
        let expected = "must name the device: a document is scanned on one and seen on another";
        return Err(ServiceError::Invalid { field: "interaction.device_id", expected });
    }
    if document.is_some() && interaction.channel != Channel::Store {
        let expected = "must be CHANNEL_STORE: documents are scanned in stores";
        return Err(ServiceError::Invalid { field: "interaction.channel", expected });
    }
    Ok(())
}

/// Names what a second person's word stands beside, and refuses it where they are none: another natural person must have seen what
/// the first one scanned, on another device. What was seen by two is not shown again.
///
/// INVARIANT (unknown-looks-known): whether there is such a line, and whose the document is, changes nothing of it.
pub(super) fn name_beside(
    requester: &Requester,
    question: &mut Question,
    pending: &Pending,
) -> Result<(), ServiceError> {
    let Question { evidence, interaction, .. } = question;
    let shown = pending.shown_document();
    if pending.is_seen() || (evidence.document.is_some() && pending.takes_no_scan()) {
        return Err(ServiceError::Refused(Refusal::DocumentSeen));
    }
    let Some(second) = &mut evidence.second_person else { return Ok(()) };
    let shown = shown.ok_or(ServiceError::Refused(Refusal::NoDocument))?;
    let GivenProof::Document { document, person } = &shown.scanned.proof else {
        return Err(ServiceError::Refused(Refusal::NoDocument));
    };
    let is_same_person = [&shown.scanned.by, &pending.caller].contains(&&requester.subject);
    if is_same_person || Place::of(requester, interaction).shares_a_device_with(&shown.scanned.place) {
        return Err(ServiceError::Refused(Refusal::SecondPersonNeeded));
    }
    let (by, document) = (shown.scanned.by.clone(), *document);
    second.beside = Some(Beside { by, document, is_somebodys: person.is_some() });
    Ok(())
}

/// Whether it is about a document.
pub(super) const fn is_of_document(question: &Question) -> bool {
    question.evidence.document.is_some() || question.evidence.second_person.is_some()
}

impl Engine {
    /// Refuses a document, or a second person's word, by what is known once the account's turn is taken.
    ///
    /// INVARIANT (fail-closed): what stood on the challenge when the word was given must still stand there: else who scans while
    /// they say that they have seen it would be two people.
    pub(super) fn check_shown(
        &self,
        asking: &Asking<'_>,
        (open, target): (&OpenAccount, &Target),
        (counted, weighed): (&Counted, &Weighed),
    ) -> Result<(), ServiceError> {
        if !is_of_document(asking.question) {
            return Ok(());
        }
        if !weighed.policy.document.taken {
            return Err(ServiceError::Refused(Refusal::DocumentsOff));
        }
        let pending = asking.question.completes.and_then(|challenge| open.challenge(challenge));
        let shown = pending.and_then(Pending::shown_document);
        let scans = asking.question.evidence.document.is_some();
        if pending.is_some_and(|pending| pending.is_seen() || (scans && pending.takes_no_scan())) {
            return Err(ServiceError::Refused(Refusal::DocumentSeen));
        }
        let prompts = prompts_of(open, self.prompts_token(target));
        // Who said no to what somebody else did, and not to undoing it, does not wait for a day.
        let line = target.line.and_then(|token| open.line(token));
        let until = if line.is_some_and(|line| line.undoes(&asking.question.change, asking.now)) {
            prompts.report_declined_until(asking.now)
        } else {
            prompts.declined_until(asking.now)
        };
        if let Some(until) = until {
            let what = "somebody of the line said no lately";
            return Err(ServiceError::Exhausted { what, retry_at: Some(until) });
        }
        let velocity = counted.velocity(&self.looking, Found::default());
        if velocity.unread {
            return Err(ServiceError::Unavailable("what documents were shown cannot be read".to_owned()));
        }
        let beside = asking.question.evidence.second_person.as_ref().and_then(|second| second.beside.as_ref());
        let stands = beside.is_none_or(|beside| {
            shown.is_some_and(|shown| match &shown.scanned.proof {
                GivenProof::Document { document, .. } => shown.scanned.by == beside.by && *document == beside.document,
                _ => false,
            })
        });
        if !stands {
            return Err(ServiceError::Unavailable("another document was scanned meanwhile".to_owned()));
        }
        if velocity.documents_of_pair > weighed.policy.document.pair_max {
            return Err(ServiceError::Refused(Refusal::PairWorn));
        }
        Ok(())
    }
}

/// Counts a scan, and lets the challenge live on once two have seen the document. Whoever it is of: who shows it learns nothing
/// from how long they may wait.
pub(super) fn note(open: &mut OpenAccount, challenge: RecordId, weighed: &Weighed) {
    let Some(pending) = open.challenge_mut(challenge) else { return };
    match &weighed.shown {
        Some(GivenProof::Document { .. }) => pending.documents = pending.documents.saturating_add(1),
        Some(GivenProof::SecondPerson(seen)) => {
            let until: DateTime<Utc> = seen.counts_from + weighed.policy.document.valid_for;
            pending.expires_at = pending.expires_at.max(until);
        }
        _ => {}
    }
}
