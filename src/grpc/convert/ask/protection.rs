//! Requests of the protection service.

use chrono::TimeDelta;

use super::body::body;
use crate::domain::{Brand, CancelCode, Change, LockHolder, RecordId, Reference, ReleaseId, ReleaseOpens, RequestId};
use crate::grpc::convert::change::{back_to, change};
use crate::grpc::convert::enums::{lock_holder, lock_set};
use crate::grpc::convert::evidence::evidence;
use crate::grpc::convert::field::{FieldError, InField, optional_text, required, text};
use crate::grpc::convert::interaction::interaction;
use crate::grpc::convert::line::{line as named_line, scope_of};
use crate::grpc::convert::position::{page_size, page_start, position};
use crate::grpc::convert::signal::signals;
use crate::grpc::convert::time::length;
use crate::grpc::pb::v1 as pb;
use crate::service::{ACTIVITY_PAGE_MAX, Cancelling, Dispute, Guarding, LockOrder, Question, Scope};
use crate::store::Position;

const REASON: &str = "must be given with LOCK_HOLDER_CARRIER and empty with LOCK_HOLDER_CUSTOMER";
const WINDOW: &str = "must be longer than 0, at most 90 days, and in whole seconds";
const WINDOW_MAX: TimeDelta = TimeDelta::days(90);

/// A page of what happened.
#[derive(Debug, Clone)]
pub struct Listing {
    /// On what.
    pub scope: Scope,
    /// From where on.
    pub from: Option<RecordId>,
    /// How many entries.
    pub size: usize,
}

/// The scope whose locks are read, and what the caller has seen.
pub fn get_protection(message: pb::GetProtectionRequest) -> Result<(Scope, Option<Position>), FieldError> {
    let pb::GetProtectionRequest { scope, consistency_token } = message;
    let scope = scope_of!(get_protection_request, scope);
    Ok((scope, position(&consistency_token, "consistency_token")?))
}

/// A lock to turn on.
pub fn set_lock(message: pb::SetLockRequest) -> Result<(Guarding, LockOrder), FieldError> {
    let body = body("SetLock", &message);
    let pb::SetLockRequest { request_id, scope, set, holder, reason_code, interaction: place } = message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    let scope = scope_of!(set_lock_request, scope);
    let order = LockOrder {
        set: lock_set(set).in_field("set")?,
        holder: lock_holder(holder).in_field("holder")?,
        reason: optional_text(&reason_code, "reason_code", Reference::parse)?,
    };
    check_reason(order.holder, order.reason.as_ref())?;
    let channel = interaction(place, "interaction")?.channel;
    Ok((Guarding { request_id, body, scope, channel }, order))
}

/// A carrier says why it locks a customer's line, and a customer need not.
pub(super) fn check_reason(holder: LockHolder, reason: Option<&Reference>) -> Result<(), FieldError> {
    match (holder, reason) {
        (LockHolder::Carrier, Some(_)) | (LockHolder::Customer, None) => Ok(()),
        (LockHolder::Carrier, None) | (LockHolder::Customer, Some(_)) => Err(FieldError::new("reason_code", REASON)),
    }
}

/// A release to ask for. `brand` is the caller's.
pub fn release_lock(message: pb::ReleaseLockRequest, brand: &Brand) -> Result<Question, FieldError> {
    let body = body("ReleaseLock", &message);
    let pb::ReleaseLockRequest {
        request_id,
        scope,
        set,
        holder,
        evidence: proof,
        interaction: place,
        signals: observed,
        purpose,
    } = message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    let scope = scope_of!(release_lock_request, scope);
    let change = Change::LockRelease {
        set: lock_set(set).in_field("set")?,
        holder: lock_holder(holder).in_field("holder")?,
        opens: opens(purpose, brand)?,
    };
    let (proof, place) = (evidence(proof, "evidence")?, interaction(place, "interaction")?);
    let signals = signals(observed, "signals")?;
    Ok(Question { signals, ..Question::plain(request_id, body, scope, change, proof, place) })
}

fn opens(value: Option<pb::release_lock_request::Purpose>, brand: &Brand) -> Result<ReleaseOpens, FieldError> {
    use pb::release_lock_request::Purpose;
    match required(value, "purpose")? {
        Purpose::OnlyFor(wire) => {
            change(wire, brand).map(|change| ReleaseOpens::Only(Box::new(change))).in_field("only_for")
        }
        Purpose::Window(wire) => {
            let window = length(wire, "window")?;
            // Whole seconds: that is how the text that an app signs names it.
            let fits = window > TimeDelta::zero() && window <= WINDOW_MAX && window.subsec_nanos() == 0;
            if fits { Ok(ReleaseOpens::Window(Some(window))) } else { Err(FieldError::new("window", WINDOW)) }
        }
    }
}

/// A SIM change to report.
pub fn report_swap(message: pb::ReportSwapRequest) -> Result<Question, FieldError> {
    let body = body("ReportSwap", &message);
    let pb::ReportSwapRequest {
        request_id,
        line,
        back_to: sim,
        evidence: proof,
        interaction: place,
        signals: observed,
    } = message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    let scope = Scope::Line(named_line(line, "line")?);
    let change = Change::SwapReport { back_to: back_to!(report_swap_request, sim) };
    let (proof, place) = (evidence(proof, "evidence")?, interaction(place, "interaction")?);
    let signals = signals(observed, "signals")?;
    Ok(Question { signals, ..Question::plain(request_id, body, scope, change, proof, place) })
}

/// A release to end.
pub fn cancel_release(message: pb::CancelReleaseRequest) -> Result<(Guarding, ReleaseId), FieldError> {
    let body = body("CancelRelease", &message);
    let pb::CancelReleaseRequest { request_id, release_id, interaction: place, scope } = message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    let release = text(&release_id, "release_id", ReleaseId::parse)?;
    let scope = scope_of!(cancel_release_request, scope);
    let channel = interaction(place, "interaction")?.channel;
    Ok((Guarding { request_id, body, scope, channel }, release))
}

/// A release to end with the code of its notice.
pub fn cancel_by_code(message: pb::CancelByCodeRequest) -> Result<Cancelling, FieldError> {
    let body = body("CancelByCode", &message);
    let pb::CancelByCodeRequest { request_id, cancel_code, interaction: place } = message;
    Ok(Cancelling {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        code: text(&cancel_code, "cancel_code", CancelCode::parse)?,
        channel: interaction(place, "interaction")?.channel,
    })
}

/// Something that was not the customer.
pub fn dispute_activity(message: pb::DisputeActivityRequest) -> Result<Dispute, FieldError> {
    let body = body("DisputeActivity", &message);
    let pb::DisputeActivityRequest { request_id, activity_id, interaction: place } = message;
    Ok(Dispute {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        activity: text(&activity_id, "activity_id", RecordId::parse)?,
        channel: interaction(place, "interaction")?.channel,
    })
}

/// What is followed, and after which record.
pub fn watch_activity(message: pb::WatchActivityRequest) -> Result<(Scope, Option<RecordId>), FieldError> {
    let pb::WatchActivityRequest { scope, after_activity_id } = message;
    let scope = scope_of!(watch_activity_request, scope);
    Ok((scope, optional_text(&after_activity_id, "after_activity_id", RecordId::parse)?))
}

/// A page of what happened.
pub fn list_activity(message: pb::ListActivityRequest) -> Result<Listing, FieldError> {
    let pb::ListActivityRequest { scope, page_size: size, page_token } = message;
    Ok(Listing {
        scope: scope_of!(list_activity_request, scope),
        from: page_start(&page_token, "page_token")?,
        size: page_size(size, "page_size", ACTIVITY_PAGE_MAX)?,
    })
}
