//! Answers: from what a use case gives to a message of a call, one file a service. What a reader may see is decided by
//! the use case where it is a matter of policy, and here where it is a matter of shape.

mod account;
mod activity;
mod archive;
mod challenge;
mod change;
mod credential;
mod decision;
mod event;
mod export;
mod incident;
mod keys;
mod notice;
mod policy;
mod protection;
mod record;
mod recovery;
mod separation;
mod told;
mod wire;

pub(in crate::grpc) use account::{account, import_error, line};
pub(in crate::grpc) use activity::activity;
pub(in crate::grpc) use archive::{archiving, segment};
pub(in crate::grpc) use challenge::{sent, waiting_challenge};
pub(in crate::grpc) use credential::{credential_status, issued_transfer_pin, transfer_pin_status};
pub(in crate::grpc) use decision::{Showing, batch, decision};
pub(in crate::grpc) use event::{recorded, refused};
pub(in crate::grpc) use export::{export, handed_over};
pub(in crate::grpc) use incident::{hold, incident};
pub(in crate::grpc) use keys::{held_key, key_uses, resealed, retired_key};
pub(in crate::grpc) use notice::notice_standing;
pub(in crate::grpc) use policy::policy_standing;
pub(in crate::grpc) use protection::protection;
pub(in crate::grpc) use record::{fault, record};
pub(in crate::grpc) use recovery::recovery;
pub(in crate::grpc) use separation::separation;

pub(in crate::grpc) use super::cursor::{
    all_holds_page_token, all_incidents_page_token, hold_page_token, incident_page_token, record_page_token,
    resume_token,
};
pub(in crate::grpc) use super::position::{consistency_token, page_token};
