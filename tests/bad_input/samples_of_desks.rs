//! Good requests of those who look after the whole: auditors, operators and the fraud desk.

use portcullis::grpc::pb::v1 as pb;
use prost_types::Timestamp;

use super::{EID, ICCID, by_id, by_number, interaction, text, then};

fn record_filter() -> pb::RecordFilter {
    pb::RecordFilter {
        from_time: then(),
        before_time: then(),
        kinds: vec![pb::RecordKind::Decided.into(), pb::RecordKind::Alerted.into()],
        caller_subject: text("auditor-1"),
        outcome: pb::Outcome::Deny.into(),
    }
}

pub(crate) fn list_records() -> Vec<pb::ListRecordsRequest> {
    use pb::list_records_request::Scope::{AccountId, Line, RecordId};
    let record = Some(RecordId(text(super::UUID)));
    [None, Some(AccountId(text("acct-1"))), Some(Line(by_number())), record]
        .map(|scope| pb::ListRecordsRequest {
            scope,
            filter: Some(record_filter()),
            page_size: 10,
            page_token: String::new(),
        })
        .to_vec()
}

pub(crate) fn watch_records() -> Vec<pb::WatchRecordsRequest> {
    vec![pb::WatchRecordsRequest {
        resume_token: String::new(),
        filter: Some(record_filter()),
        account_id: text("acct-1"),
    }]
}

pub(crate) fn verify_chain() -> Vec<pb::VerifyChainRequest> {
    use pb::verify_chain_request::Step::{CheckpointLines, Start};
    let start = pb::VerifyStart { account_id: text("acct-1"), with_checkpoint: false };
    [Start(start), CheckpointLines(text("portcullis checkpoint 1\n"))]
        .map(|step| pb::VerifyChainRequest { step: Some(step) })
        .to_vec()
}

pub(crate) fn request_export() -> Vec<pb::RequestExportRequest> {
    vec![pb::RequestExportRequest { filter: Some(record_filter()), account_id: text("acct-1") }]
}

fn export_id() -> String {
    text(super::UUID)
}

pub(crate) fn get_export() -> Vec<pb::GetExportRequest> {
    vec![pb::GetExportRequest { export_id: export_id() }]
}

pub(crate) fn approve_export() -> Vec<pb::ApproveExportRequest> {
    vec![pb::ApproveExportRequest { export_id: export_id() }]
}

pub(crate) fn export_records() -> Vec<pb::ExportRecordsRequest> {
    vec![pb::ExportRecordsRequest { export_id: export_id() }]
}

pub(crate) fn open_incident() -> Vec<pb::OpenIncidentRequest> {
    use pb::open_incident_request::Step::{Accounts, End, Opening};
    let opening = pb::IncidentOpening {
        request_id: export_id(),
        cohort: pb::CohortKind::Listed.into(),
        cut_off_time: Some(Timestamp { seconds: 1_700_000_000, nanos: 0 }),
        reason: text("case 4711"),
    };
    let accounts = pb::AccountList { account_ids: vec![text("acct-1")] };
    [Opening(opening), Accounts(accounts), End(pb::IncidentEnd { account_count: 1 })]
        .map(|step| pb::OpenIncidentRequest { step: Some(step) })
        .to_vec()
}

pub(crate) fn end_incident() -> Vec<pb::EndIncidentRequest> {
    vec![pb::EndIncidentRequest { request_id: export_id(), incident_id: export_id(), reason: text("over") }]
}

pub(crate) fn list_incidents() -> Vec<pb::ListIncidentsRequest> {
    // The tokens of what comes after an incident, and after one of all.
    let asked =
        |include_ended, token| pb::ListIncidentsRequest { include_ended, page_size: 20, page_token: text(token) };
    vec![asked(false, "CAcHBwcHBwcHBwcHBwcHBwc"), asked(true, "CgcHBwcHBwcHBwcHBwcHBwc")]
}

pub(crate) fn place_hold() -> Vec<pb::PlaceHoldRequest> {
    let kind = pb::HoldKind::Staff.into();
    vec![pb::PlaceHoldRequest { request_id: export_id(), kind, name: text("issuer|rep-7"), reason: text("case 4711") }]
}

pub(crate) fn lift_hold() -> Vec<pb::LiftHoldRequest> {
    let kind = pb::HoldKind::Staff.into();
    vec![pb::LiftHoldRequest { request_id: export_id(), kind, name: text("issuer|rep-7"), reason: text("was not") }]
}

pub(crate) fn confirm_swap() -> Vec<pb::ConfirmSwapRequest> {
    use pb::confirm_swap_request::BackTo::{Eid, Iccid};
    let of = |back_to| pb::ConfirmSwapRequest {
        request_id: export_id(),
        line: Some(by_number()),
        reason: text("case 4711"),
        interaction: interaction(),
        back_to: Some(back_to),
    };
    [Iccid(text(ICCID)), Eid(text(EID))].map(of).to_vec()
}

pub(crate) fn list_holds() -> Vec<pb::ListHoldsRequest> {
    // The tokens of what comes after staff `rep-7`, and after one of all.
    let asked = |include_lifted, token| pb::ListHoldsRequest { include_lifted, page_size: 20, page_token: text(token) };
    vec![asked(false, "BwFyZXAtNw"), asked(true, "CQcHBwcHBwcHBwcHBwcHBwc")]
}

pub(crate) fn make_checkpoint() -> Vec<pb::MakeCheckpointRequest> {
    vec![pb::MakeCheckpointRequest {}]
}

pub(crate) fn get_policy() -> Vec<pb::GetPolicyRequest> {
    vec![pb::GetPolicyRequest {}]
}

pub(crate) fn stage_policy() -> Vec<pb::StagePolicyRequest> {
    let policy_text = text("extends = \"us-default\"\n[pin]\nfresh_after = \"48h\"\n");
    vec![pb::StagePolicyRequest { request_id: export_id(), policy_text, reason: text("case 4711"), goes_back: true }]
}

pub(crate) fn activate_policy() -> Vec<pb::ActivatePolicyRequest> {
    vec![pb::ActivatePolicyRequest { request_id: export_id(), policy_revision: "0a".repeat(32) }]
}

pub(crate) fn list_notices() -> Vec<pb::ListNoticesRequest> {
    vec![pb::ListNoticesRequest {}]
}

pub(crate) fn replay_notices() -> Vec<pb::ReplayNoticesRequest> {
    vec![pb::ReplayNoticesRequest { request_id: export_id(), record_ids: vec![export_id()] }]
}

/// What two people say of a separation, with each kind of contact.
fn seen() -> [(Vec<pb::LineRef>, Option<pb::SeparationContact>, Option<pb::DocumentScan>); 3] {
    use pb::separation_contact::Value::{Email, Sms, Voice};
    [Email(text("kim@example.org")), Sms(text("+12125550199")), Voice(text("+12125550199"))].map(|value| {
        let lines = vec![by_number(), pb::LineRef { separation_reference: String::new(), ..by_id() }];
        let document = pb::DocumentScan { reference: text("scan-4711"), holder_name: text("Kim Doe") };
        (lines, Some(pb::SeparationContact { value: Some(value) }), Some(document))
    })
}

pub(crate) fn propose_separation() -> Vec<pb::ProposeSeparationRequest> {
    let request =
        |(lines, contact, document)| pb::ProposeSeparationRequest { request_id: export_id(), lines, contact, document };
    seen().map(request).to_vec()
}

pub(crate) fn agree_to_separation() -> Vec<pb::AgreeToSeparationRequest> {
    let request = |(lines, contact, document)| pb::AgreeToSeparationRequest {
        request_id: export_id(),
        separation_id: text("separated-1"),
        lines,
        contact,
        document,
    };
    seen().map(request).to_vec()
}

pub(crate) fn end_separation() -> Vec<pb::EndSeparationRequest> {
    vec![pb::EndSeparationRequest { request_id: export_id(), separation_id: text("separated-1") }]
}
