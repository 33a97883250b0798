//! What waits for a customer.

use serde_json::{Value, json};

use super::decision::challenge_json;
use super::protection::line_text;
use super::value::{instant, name, spoken, word};
use crate::cli::output::{Answer, pairs, table};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::change::Change;
use crate::grpc::pb::v1::lock_release_asked::Purpose;
use crate::grpc::pb::v1::swap_reported::BackTo;

/// What waits on an account.
pub(crate) struct Challenges(pub(crate) Vec<pb::PendingChallenge>);

impl Answer for Challenges {
    fn json(&self) -> Value {
        json!({ "challenges": self.0.iter().map(waiting_json).collect::<Vec<_>>() })
    }

    fn text(&self) -> String {
        if self.0.is_empty() {
            return "Nothing waits.".to_owned();
        }
        let rows = self.0.iter().map(|waiting| {
            let challenge = waiting.challenge.as_ref();
            [
                challenge.map_or_else(String::new, |challenge| challenge.challenge_id.clone()),
                waiting.line.as_ref().map_or_else(String::new, line_text),
                asked(waiting).unwrap_or_default(),
                word::<pb::Channel>(waiting.channel),
                waiting.store_id.clone(),
                challenge.map_or_else(String::new, |challenge| spoken(challenge.expire_time)),
            ]
        });
        table(["CHALLENGE", "LINE", "WHAT", "CHANNEL", "STORE", "UNTIL"], rows)
    }
}

/// That proof was looked at.
pub(crate) struct Given(pub(crate) pb::SubmitEvidenceResponse);

impl Answer for Given {
    fn json(&self) -> Value {
        let pb::SubmitEvidenceResponse { expire_time } = &self.0;
        json!({ "expire_time": instant(*expire_time) })
    }

    fn text(&self) -> String {
        pairs([("given; open until", spoken(self.0.expire_time))])
    }
}

/// That a code is on its way.
pub(crate) struct CodeSent(pub(crate) pb::SendCodeResponse);

impl Answer for CodeSent {
    fn json(&self) -> Value {
        let pb::SendCodeResponse { expire_time, sendings_left, target } = &self.0;
        json!({
            "expire_time": instant(*expire_time),
            "sendings_left": sendings_left,
            "target": target.as_ref().map(target_json),
        })
    }

    fn text(&self) -> String {
        let pb::SendCodeResponse { expire_time, sendings_left, target } = &self.0;
        // Who asked for the change is not told whether there is anybody to send it to.
        let to =
            target.as_ref().map_or_else(|| "the customer, if they can be reached".to_owned(), |to| to.masked.clone());
        pairs([
            ("on its way to", to),
            ("good until", spoken(*expire_time)),
            ("more can be sent", sendings_left.to_string()),
        ])
    }
}

fn target_json(target: &pb::CodeTarget) -> Value {
    let pb::CodeTarget { contact_id, masked, only_beside_another, unusable_code, usable_time } = target;
    json!({
        "contact_id": contact_id,
        "masked": masked,
        "only_beside_another": only_beside_another,
        "unusable_code": unusable_code,
        "usable_time": instant(*usable_time),
    })
}

fn waiting_json(waiting: &pb::PendingChallenge) -> Value {
    let pb::PendingChallenge { challenge, line, ask_time, channel, store_id, signing_input, code_targets, .. } =
        waiting;
    json!({
        "challenge": challenge.as_ref().map(challenge_json),
        "line_id": line.as_ref().map(line_text),
        "change": asked(waiting),
        "ask_time": instant(*ask_time),
        "channel": name::<pb::Channel>(*channel),
        "store_id": store_id,
        "signing_input": signing_input,
        "code_targets": code_targets.iter().map(target_json).collect::<Vec<_>>(),
    })
}

/// What is asked, for who is to approve it.
fn asked(waiting: &pb::PendingChallenge) -> Option<String> {
    let pb::PendingChallenge { change, lock_release, transfer_pin, swap_report, .. } = waiting;
    let release = lock_release.as_ref().map(|release| {
        let pb::LockReleaseAsked { set, holder, purpose } = release;
        let only = match purpose {
            Some(Purpose::OnlyFor(change)) => format!(", only for: {}", in_words(change)),
            Some(Purpose::Window(_)) | None => String::new(),
        };
        format!("release of the lock {} of the {}{only}", word::<pb::LockSet>(*set), word::<pb::LockHolder>(*holder))
    });
    let transfer_pin = transfer_pin.as_ref().map(|pb::TransferPinAsked { gaining_spid }| {
        let carrier = if gaining_spid.is_empty() { "any carrier" } else { gaining_spid };
        format!("transfer PIN for {carrier}")
    });
    let swap_report = swap_report.as_ref().map(|pb::SwapReported { back_to }| match back_to {
        Some(BackTo::Iccid(iccid)) => format!("report of a SIM change, to go back to {iccid}"),
        Some(BackTo::Eid(eid)) => format!("report of a SIM change, to go back to the eSIM {eid}"),
        None => "report of a SIM change".to_owned(),
    });
    change.as_ref().map(in_words).or(release).or(transfer_pin).or(swap_report)
}

/// The exact change.
fn in_words(change: &pb::Change) -> String {
    match &change.change {
        Some(Change::SimChange(sim)) => match &sim.target {
            Some(pb::sim_change::Target::Iccid(iccid)) => format!("SIM change to {iccid}"),
            Some(pb::sim_change::Target::Eid(eid)) => format!("SIM change to the eSIM {eid}"),
            None => "SIM change".to_owned(),
        },
        Some(Change::PortOut(port)) => {
            let carrier = if port.gaining_name.is_empty() { &port.gaining_spid } else { &port.gaining_name };
            format!("move of the number to {carrier}")
        }
        Some(Change::ContactChange(contact)) => format!("change of the contact {}", contact.contact_id),
        Some(Change::CallForwardingSet(to)) => format!("forwarding of all calls to {}", to.target_msisdn),
        Some(Change::OwnerChange(_)) => "change of owner or account".to_owned(),
        Some(Change::DeviceAdd(device)) => format!("new device {}", device.model),
        None => String::new(),
    }
}
