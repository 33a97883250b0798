//! Challenges, as the customer whose they are is shown them.

use prost_types::Duration;

use super::change::change;
use super::decision::factor_option;
use super::protection::by_subscription;
use super::wire;
use crate::domain::{Change, Contact, ReleaseOpens, SimTarget};
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;
use crate::policy::ContactFitness;
use crate::service::{Sent, WaitingChallenge};

/// That a code is on its way.
pub(in crate::grpc) fn sent(sent: &Sent) -> pb::SendCodeResponse {
    pb::SendCodeResponse {
        expire_time: Some(timestamp(sent.expires_at)),
        sendings_left: i32::from(sent.left),
        target: sent.to.as_ref().map(|(contact, fitness)| code_target(contact, *fitness)),
    }
}

pub(super) fn code_target(contact: &Contact, fitness: ContactFitness) -> pb::CodeTarget {
    pb::CodeTarget {
        contact_id: contact.id.as_str().to_owned(),
        masked: contact.value.masked(),
        only_beside_another: fitness == ContactFitness::Beside,
        unusable_code: fitness.reason().map_or_else(String::new, |reason| reason.code().to_owned()),
        usable_time: match fitness {
            ContactFitness::NotBefore(from) => Some(timestamp(from)),
            ContactFitness::Fit | ContactFitness::Beside | ContactFitness::Unfit => None,
        },
    }
}

/// The release that a change is.
fn lock_release(asked: &Change) -> Option<pb::LockReleaseAsked> {
    use pb::lock_release_asked::Purpose;
    let Change::LockRelease { set, holder, opens } = asked else { return None };
    let purpose = match opens {
        ReleaseOpens::Only(only_for) => change(only_for).map(Purpose::OnlyFor),
        ReleaseOpens::Window(window) => {
            Some(Purpose::Window(Duration { seconds: window.unwrap_or_default().num_seconds(), nanos: 0 }))
        }
    };
    Some(pb::LockReleaseAsked { set: wire::lock_set(*set), holder: wire::lock_holder(*holder), purpose })
}

/// The transfer PIN that a change asks for.
fn transfer_pin(asked: &Change) -> Option<pb::TransferPinAsked> {
    let Change::TransferPinIssue { gaining_spid } = asked else { return None };
    Some(pb::TransferPinAsked { gaining_spid: gaining_spid.map_or_else(String::new, |spid| spid.to_string()) })
}

/// The SIM change that a change reports.
fn swap_report(asked: &Change) -> Option<pb::SwapReported> {
    use pb::swap_reported::BackTo;
    let Change::SwapReport { back_to } = asked else { return None };
    let back_to = match back_to {
        SimTarget::Iccid(iccid) => BackTo::Iccid(iccid.as_str().to_owned()),
        SimTarget::Eid(eid) => BackTo::Eid(eid.as_str().to_owned()),
    };
    Some(pb::SwapReported { back_to: Some(back_to) })
}

/// What waits for a customer. None for one that holds no decision, which no use case gives.
pub(in crate::grpc) fn waiting_challenge(waiting: &WaitingChallenge) -> Option<pb::PendingChallenge> {
    let (record, pending) = (waiting.kept.record(), &waiting.pending);
    let decided = waiting.decided()?;
    Some(pb::PendingChallenge {
        challenge: Some(pb::Challenge {
            challenge_id: pending.decision.to_string(),
            expire_time: Some(timestamp(pending.expires_at)),
            required: wire::strength(pending.required),
            options: decided.options.iter().map(factor_option).collect(),
            next_step: String::new(),
        }),
        line: record.line.as_ref().map(|line| by_subscription(line.id.as_str())),
        change: change(&decided.change),
        lock_release: lock_release(&decided.change),
        transfer_pin: transfer_pin(&decided.change),
        swap_report: swap_report(&decided.change),
        ask_time: Some(timestamp(record.at)),
        channel: record.channel.map_or_else(|| pb::Channel::Unspecified.into(), wire::channel),
        store_id: decided.place.store().map_or_else(String::new, |store| store.as_str().to_owned()),
        signing_input: pending.signing_input(),
        code_targets: waiting.code_targets.iter().map(|(contact, fitness)| code_target(contact, *fitness)).collect(),
    })
}
