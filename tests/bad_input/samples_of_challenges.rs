//! Good requests of those who meet challenges, refuse them and go on with them.

use portcullis::grpc::pb::v1 as pb;

use super::{EID, ICCID, UUID, by_number, changes, claims, evidence, interaction, signals, text, then};

pub(crate) fn complete() -> Vec<pb::CompleteDecisionRequest> {
    vec![pb::CompleteDecisionRequest {
        request_id: text(UUID),
        challenge_id: text(UUID),
        evidence: evidence(),
        interaction: interaction(),
        claims: claims(),
        signals: signals(),
        dialect: text("wicis"),
        plan_time: then(),
        consistency_token: String::new(),
        want_signed_permit: true,
    }]
}

pub(crate) fn watch_decision() -> Vec<pb::WatchDecisionRequest> {
    vec![pb::WatchDecisionRequest { decision_id: text(UUID), consistency_token: String::new() }]
}

pub(crate) fn submit() -> Vec<pb::SubmitEvidenceRequest> {
    use pb::evidence::Evidence::{DocumentScan, SecondPerson, TransferPin};
    let is_of_ports = |piece: &pb::Evidence| matches!(piece.evidence, Some(TransferPin(_)));
    let second = pb::SecondPerson { holder_name: text("Kim O'Neil"), msisdn: text("+12125550123") };
    let scan = pb::DocumentScan { reference: text("scan-4711"), holder_name: text("Kim O'Neil") };
    let [scan, second] = [DocumentScan(scan), SecondPerson(second)];
    let one = |piece| vec![pb::Evidence { evidence: Some(piece) }];
    let with = |evidence| pb::SubmitEvidenceRequest {
        request_id: text(UUID),
        challenge_id: text(UUID),
        evidence,
        interaction: interaction(),
    };
    let customers = evidence().into_iter().filter(|piece| !is_of_ports(piece)).collect();
    vec![with(customers), with(one(scan)), with(one(second))]
}

pub(crate) fn submit_ahead() -> Vec<pb::SubmitEvidenceAheadRequest> {
    use pb::evidence::Evidence::{AccountPin, AppApproval};
    let is_given_ahead = |piece: &pb::Evidence| matches!(piece.evidence, Some(AccountPin(_) | AppApproval(_)));
    vec![pb::SubmitEvidenceAheadRequest {
        request_id: text(UUID),
        line: Some(by_number()),
        change: changes().into_iter().next(),
        evidence: evidence().into_iter().filter(is_given_ahead).collect(),
        interaction: interaction(),
    }]
}

pub(crate) fn send_code() -> Vec<pb::SendCodeRequest> {
    vec![pb::SendCodeRequest {
        request_id: text(UUID),
        challenge_id: text(UUID),
        contact_id: text("mail-1"),
        interaction: interaction(),
    }]
}

pub(crate) fn list_pending() -> Vec<pb::ListPendingChallengesRequest> {
    vec![pb::ListPendingChallengesRequest { account_id: text("acct-1"), page_size: 10, page_token: String::new() }]
}

pub(crate) fn decline() -> Vec<pb::DeclineChallengeRequest> {
    use pb::decline_challenge_request::Target::{ChallengeId, DecisionId};
    [ChallengeId(text(UUID)), DecisionId(text(UUID))]
        .map(|target| pb::DeclineChallengeRequest {
            request_id: text(UUID),
            target: Some(target),
            not_me: true,
            interaction: interaction(),
        })
        .to_vec()
}

pub(crate) fn watch_activity() -> Vec<pb::WatchActivityRequest> {
    use pb::watch_activity_request::Scope::{AccountId, Line};
    [Line(by_number()), AccountId(text("acct-1"))]
        .map(|scope| pb::WatchActivityRequest { scope: Some(scope), after_activity_id: text(UUID) })
        .to_vec()
}

pub(crate) fn dispute_activity() -> Vec<pb::DisputeActivityRequest> {
    let (request_id, activity_id) = (text(UUID), text(UUID));
    vec![pb::DisputeActivityRequest { request_id, activity_id, interaction: interaction() }]
}

pub(crate) fn cancel_by_code() -> Vec<pb::CancelByCodeRequest> {
    let cancel_code = format!("{UUID}.000102030405060708090a0b0c0d0e0f");
    vec![pb::CancelByCodeRequest { request_id: text(UUID), cancel_code, interaction: interaction() }]
}

pub(crate) fn report_swap() -> Vec<pb::ReportSwapRequest> {
    use pb::report_swap_request::BackTo::{Eid, Iccid};
    let of = |back_to| pb::ReportSwapRequest {
        request_id: text(UUID),
        line: Some(by_number()),
        evidence: evidence(),
        interaction: interaction(),
        signals: signals(),
        back_to: Some(back_to),
    };
    [Iccid(text(ICCID)), Eid(text(EID))].map(of).to_vec()
}
