//! Requests: from a message of a call to what its use case takes, one file a service.

mod account;
mod archive;
mod audit;
mod body;
mod challenge;
mod credential;
mod decision;
mod event;
mod export;
mod incident;
mod keys;
mod notice;
mod policy;
mod protection;
mod seed;
mod separation;

pub use account::{get_account, import_row, move_line, upsert_account};
pub use archive::{Shelf, archive_records, delete_segment, list_segments};
pub use audit::{Following, VerifyStep, list_records, make_checkpoint, verify_chain, watch_records};
pub use challenge::{decline_challenge, list_pending_challenges, send_code, submit_evidence, submit_evidence_ahead};
pub use credential::{get_credential_status, issue_transfer_pin, revoke_device, revoke_transfer_pin, set_pin};
pub use decision::{
    BatchQuestion, Reading, batch_decide, complete_decision, decide, get_decision, redeem_permit, report_outcome,
    watch_decision, withdraw_decision,
};
pub use event::record_event;
pub use export::{approve_export, export_records, get_export, request_export};
pub use incident::{
    CohortAsked, Ending, IncidentOpening, ListFrom, Listed, OpeningStep, confirm_swap, end_incident, incident_opening,
    incident_step, lift_hold, list_holds, list_incidents, place_hold,
};
pub use keys::{reseal, retire_key};
pub use notice::replay_notices;
pub use policy::{Activation, activate_policy, stage_policy};
pub use protection::{
    Listing, cancel_by_code, cancel_release, dispute_activity, get_protection, list_activity, release_lock,
    report_swap, set_lock, watch_activity,
};
pub use separation::{agree_to_separation, end_separation, propose_separation};
