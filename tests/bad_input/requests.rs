//! Every call of the contract: its request's type, good samples, and what the edge makes of it.

use chrono::{DateTime, Utc};
use portcullis::domain::Brand;
use portcullis::grpc::convert::{FieldError, ask};
use portcullis::grpc::pb::v1 as pb;
use prost::Message;

use crate::samples;

/// One call.
pub(crate) struct Request {
    /// The full name of its request.
    pub(crate) message: &'static str,
    /// Good requests, encoded.
    pub(crate) samples: fn() -> Vec<Vec<u8>>,
    /// What the edge does with one.
    pub(crate) convert: fn(&[u8]) -> Result<(), FieldError>,
}

fn brand() -> Brand {
    Brand::parse(samples::BRAND).unwrap()
}

fn received() -> DateTime<Utc> {
    DateTime::from_timestamp(samples::RECEIVED_SECONDS, 0).unwrap()
}

fn decode<M: Message + Default>(bytes: &[u8]) -> M {
    M::decode(bytes).unwrap()
}

macro_rules! request {
    ($message:literal, $samples:path, $type:ident, |$request:ident| $convert:expr) => {
        Request {
            message: concat!("portcullis.v1.", $message),
            samples: || $samples().iter().map(Message::encode_to_vec).collect(),
            convert: |bytes| {
                let $request: pb::$type = decode(bytes);
                $convert.map(|_| ())
            },
        }
    };
}

/// All calls.
pub(crate) const REQUESTS: &[Request] = &[
    request!("DecideRequest", samples::decide, DecideRequest, |r| ask::decide(r, &brand())),
    request!("BatchDecideRequest", samples::batch_decide, BatchDecideRequest, |r| ask::batch_decide(r, &brand())),
    request!("GetDecisionRequest", samples::get_decision, GetDecisionRequest, |r| ask::get_decision(r)),
    request!("CompleteDecisionRequest", samples::complete, CompleteDecisionRequest, |r| ask::complete_decision(r)),
    request!("WatchDecisionRequest", samples::watch_decision, WatchDecisionRequest, |r| ask::watch_decision(r)),
    request!("SubmitEvidenceRequest", samples::submit, SubmitEvidenceRequest, |r| ask::submit_evidence(r)),
    request!("SubmitEvidenceAheadRequest", samples::submit_ahead, SubmitEvidenceAheadRequest, |r| {
        ask::submit_evidence_ahead(r, &brand())
    }),
    request!("SendCodeRequest", samples::send_code, SendCodeRequest, |r| ask::send_code(r)),
    request!("ListPendingChallengesRequest", samples::list_pending, ListPendingChallengesRequest, |r| {
        ask::list_pending_challenges(r)
    }),
    request!("DeclineChallengeRequest", samples::decline, DeclineChallengeRequest, |r| ask::decline_challenge(r)),
    request!("WithdrawDecisionRequest", samples::withdraw, WithdrawDecisionRequest, |r| ask::withdraw_decision(r)),
    request!("RedeemPermitRequest", samples::redeem, RedeemPermitRequest, |r| ask::redeem_permit(r, &brand())),
    request!("ReportOutcomeRequest", samples::report, ReportOutcomeRequest, |r| ask::report_outcome(r)),
    request!("GetProtectionRequest", samples::get_protection, GetProtectionRequest, |r| ask::get_protection(r)),
    request!("SetLockRequest", samples::set_lock, SetLockRequest, |r| ask::set_lock(r)),
    request!("ReleaseLockRequest", samples::release_lock, ReleaseLockRequest, |r| ask::release_lock(r, &brand())),
    request!("CancelReleaseRequest", samples::cancel_release, CancelReleaseRequest, |r| ask::cancel_release(r)),
    request!("WatchActivityRequest", samples::watch_activity, WatchActivityRequest, |r| ask::watch_activity(r)),
    request!("CancelByCodeRequest", samples::cancel_by_code, CancelByCodeRequest, |r| { ask::cancel_by_code(r) }),
    request!("DisputeActivityRequest", samples::dispute_activity, DisputeActivityRequest, |r| {
        ask::dispute_activity(r)
    }),
    request!("ListActivityRequest", samples::list_activity, ListActivityRequest, |r| ask::list_activity(r)),
    request!("ArchiveRecordsRequest", samples::archive_records, ArchiveRecordsRequest, |r| ask::archive_records(r)),
    request!("ListSegmentsRequest", samples::list_segments, ListSegmentsRequest, |r| ask::list_segments(r)),
    request!("DeleteSegmentRequest", samples::delete_segment, DeleteSegmentRequest, |r| ask::delete_segment(r)),
    request!("SetPinRequest", samples::set_pin, SetPinRequest, |r| ask::set_pin(r)),
    request!("GetCredentialStatusRequest", samples::get_status, GetCredentialStatusRequest, |r| {
        ask::get_credential_status(r)
    }),
    request!("IssueTransferPinRequest", samples::issue, IssueTransferPinRequest, |r| ask::issue_transfer_pin(r)),
    request!("RevokeTransferPinRequest", samples::revoke, RevokeTransferPinRequest, |r| ask::revoke_transfer_pin(r)),
    request!("RevokeDeviceRequest", samples::revoke_device, RevokeDeviceRequest, |r| ask::revoke_device(r)),
    request!("UpsertAccountRequest", samples::upsert, UpsertAccountRequest, |r| {
        ask::upsert_account(r, &brand(), received())
    }),
    request!("ImportAccountsRequest", samples::import, ImportAccountsRequest, |r| {
        ask::import_row(r, &brand(), received()).1
    }),
    request!("GetAccountRequest", samples::get_account, GetAccountRequest, |r| ask::get_account(r)),
    request!("ListRecordsRequest", samples::list_records, ListRecordsRequest, |r| ask::list_records(r)),
    request!("WatchRecordsRequest", samples::watch_records, WatchRecordsRequest, |r| ask::watch_records(r)),
    request!("VerifyChainRequest", samples::verify_chain, VerifyChainRequest, |r| ask::verify_chain(r)),
    request!("MakeCheckpointRequest", samples::make_checkpoint, MakeCheckpointRequest, |r| ask::make_checkpoint(r)),
    request!("RequestExportRequest", samples::request_export, RequestExportRequest, |r| ask::request_export(r)),
    request!("GetExportRequest", samples::get_export, GetExportRequest, |r| ask::get_export(r)),
    request!("ApproveExportRequest", samples::approve_export, ApproveExportRequest, |r| ask::approve_export(r)),
    request!("ExportRecordsRequest", samples::export_records, ExportRecordsRequest, |r| ask::export_records(r)),
    request!("MoveLineRequest", samples::move_line, MoveLineRequest, |r| ask::move_line(r, &brand())),
    request!("RecordEventsRequest", samples::record_events, RecordEventsRequest, |r| ask::record_event(r)),
    request!("OpenIncidentRequest", samples::open_incident, OpenIncidentRequest, |r| {
        use pb::open_incident_request::Step;
        if matches!(r.step, Some(Step::Accounts(_) | Step::End(_))) {
            ask::incident_step(&r).map(drop)
        } else {
            ask::incident_opening(r).map(drop)
        }
    }),
    request!("EndIncidentRequest", samples::end_incident, EndIncidentRequest, |r| ask::end_incident(r)),
    request!("ListIncidentsRequest", samples::list_incidents, ListIncidentsRequest, |r| ask::list_incidents(r)),
    request!("PlaceHoldRequest", samples::place_hold, PlaceHoldRequest, |r| ask::place_hold(r)),
    request!("ReportSwapRequest", samples::report_swap, ReportSwapRequest, |r| ask::report_swap(r)),
    request!("ConfirmSwapRequest", samples::confirm_swap, ConfirmSwapRequest, |r| ask::confirm_swap(r)),
    request!("LiftHoldRequest", samples::lift_hold, LiftHoldRequest, |r| ask::lift_hold(r)),
    request!("ListHoldsRequest", samples::list_holds, ListHoldsRequest, |r| ask::list_holds(r)),
    request!("GetPolicyRequest", samples::get_policy, GetPolicyRequest, |_r| Ok::<(), FieldError>(())),
    request!("StagePolicyRequest", samples::stage_policy, StagePolicyRequest, |r| ask::stage_policy(r)),
    request!("ActivatePolicyRequest", samples::activate_policy, ActivatePolicyRequest, |r| ask::activate_policy(r)),
    request!("ListNoticesRequest", samples::list_notices, ListNoticesRequest, |_r| Ok::<(), FieldError>(())),
    request!("ProposeSeparationRequest", samples::propose_separation, ProposeSeparationRequest, |r| {
        ask::propose_separation(r)
    }),
    request!("AgreeToSeparationRequest", samples::agree_to_separation, AgreeToSeparationRequest, |r| {
        ask::agree_to_separation(r)
    }),
    request!("EndSeparationRequest", samples::end_separation, EndSeparationRequest, |r| ask::end_separation(r)),
    request!("ReplayNoticesRequest", samples::replay_notices, ReplayNoticesRequest, |r| ask::replay_notices(r)),
    request!("ListKeysRequest", samples::list_keys, ListKeysRequest, |_r| Ok::<(), FieldError>(())),
    request!("CountKeyUsesRequest", samples::count_key_uses, CountKeyUsesRequest, |_r| Ok::<(), FieldError>(())),
    request!("ResealRequest", samples::reseal, ResealRequest, |r| ask::reseal(&r)),
    request!("RetireKeyRequest", samples::retire_key, RetireKeyRequest, |r| ask::retire_key(r)),
];
