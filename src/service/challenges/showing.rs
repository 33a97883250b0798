//! Identity documents: who may scan one, and who may say that they have seen it.

use crate::domain::{Channel, Evidence, Pending, Place, Reason, Requester, Role, Verdict};
use crate::service::challenges::Submission;
use crate::service::error::{Refusal, ServiceError};

/// Refuses proof of a kind that is not its giver's to give.
///
/// Staff give none for the customer: they show what they see of them, in the store.
pub(super) fn check_kind(requester: &Requester, submission: &Submission) -> Result<(), ServiceError> {
    let Submission { evidence, interaction, .. } = submission;
    let Evidence { account_pin, transfer_pin, one_time_code, app_approval, document, second_person } = evidence;
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
    if document.is_some() && second_person.is_some() {
        return Err(ServiceError::Refused(Refusal::SecondPersonNeeded));
    }
    if document.is_some() && interaction.channel != Channel::Store {
        let expected = "must be CHANNEL_STORE: documents are scanned in stores";
        return Err(ServiceError::Invalid { field: "interaction.channel", expected });
    }
    Ok(())
}

/// Refuses the word of a second person who is none: another natural person must have seen what the first one scanned, on another
/// device.
///
/// INVARIANT (unknown-looks-known): whether there is such a line, and whose the document is, changes nothing of it.
pub(super) fn checked(
    requester: &Requester,
    mut submission: Submission,
    pending: &Pending,
) -> Result<Submission, ServiceError> {
    let place = Place::of(requester, &submission.interaction);
    let Some(second) = &mut submission.evidence.second_person else { return Ok(submission) };
    let scanned = pending.scanned_by().ok_or(ServiceError::Refused(Refusal::NoDocument))?;
    // A machine is no person.
    if requester.subject.is_machine() {
        return Err(ServiceError::Refused(Refusal::PersonNeeded));
    }
    let is_same_person = [&scanned.by, &pending.caller].contains(&&requester.subject);
    let is_same_device = place.device().is_some() && place.device() == scanned.place.device();
    if is_same_person || is_same_device {
        return Err(ServiceError::Refused(Refusal::SecondPersonNeeded));
    }
    second.beside = Some(scanned.by.clone());
    Ok(submission)
}

/// Whether nothing but where its document was shown before refuses a verdict.
pub(super) fn is_of_document(verdict: &Verdict) -> bool {
    verdict.reasons.iter().all(|given| given.reason == Reason::DocumentElsewhere)
}
