//! Requests of the incident service.

use chrono::{DateTime, Utc};

use super::body::body;
use crate::domain::{AccountId, HeldName, HoldKind, HoldTarget, RecordId, Reference, RequestId, Spid};
use crate::grpc::convert::cursor::hold_page;
use crate::grpc::convert::enums::hold_kind;
use crate::grpc::convert::field::{FieldError, InField, required, text};
use crate::grpc::convert::position::page_size;
use crate::grpc::convert::time::instant;
use crate::grpc::pb::v1 as pb;
use crate::service::{Body, HOLDS_PAGE_MAX, HoldOrder};

const COHORT: &str = "must be COHORT_KIND_EVERYONE, COHORT_KIND_BRAND or COHORT_KIND_LISTED";
const ACCOUNTS: &str = "must have 1 to 10,000 elements";

/// Accounts in one message, at most.
const ACCOUNTS_MAX: usize = 10_000;

/// What a breach is, before its list.
#[derive(Debug, Clone)]
pub struct IncidentOpening {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything that the first message said.
    pub body: Body,
    /// Whose secrets.
    pub whom: CohortAsked,
    /// Secrets set at this instant or before are stale.
    pub cut_off: DateTime<Utc>,
    /// What happened.
    pub reason: Reference,
}

/// Whose secrets, as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CohortAsked {
    /// Those of every brand.
    Everyone,
    /// Those of the caller's brand.
    Brand,
    /// Those of the accounts that follow.
    Listed,
}

/// An incident that somebody wants ended.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// Which.
    pub incident: RecordId,
    /// Why.
    pub reason: Reference,
}

/// A page of holds.
#[derive(Debug, Clone)]
pub struct HoldListing {
    /// Those that stand alone.
    pub standing: bool,
    /// After which.
    pub after: Option<HoldTarget>,
    /// How many.
    pub size: usize,
}

/// The first message of an opening.
pub fn incident_opening(message: pb::OpenIncidentRequest) -> Result<IncidentOpening, FieldError> {
    use pb::open_incident_request::Step;
    let Some(Step::Opening(opening)) = message.step else {
        return Err(FieldError::new("step", "must be `opening` in the first message"));
    };
    let body = body("OpenIncident", &opening);
    let read = || -> Result<_, FieldError> {
        let pb::IncidentOpening { request_id, cohort, cut_off_time, reason } = opening;
        let whom = match pb::CohortKind::try_from(cohort) {
            Ok(pb::CohortKind::Everyone) => CohortAsked::Everyone,
            Ok(pb::CohortKind::Brand) => CohortAsked::Brand,
            Ok(pb::CohortKind::Listed) => CohortAsked::Listed,
            Ok(pb::CohortKind::Unspecified) | Err(_) => return Err(FieldError::new("cohort", COHORT)),
        };
        Ok(IncidentOpening {
            request_id: text(&request_id, "request_id", RequestId::parse)?,
            body,
            whom,
            cut_off: instant(required(cut_off_time, "cut_off_time")?, "cut_off_time")?,
            reason: text(&reason, "reason", Reference::parse)?,
        })
    };
    read().in_field("opening")
}

/// Accounts of a list, one message of them.
pub fn incident_accounts(message: &pb::OpenIncidentRequest) -> Result<Vec<AccountId>, FieldError> {
    use pb::open_incident_request::Step;
    let Some(Step::Accounts(pb::AccountList { account_ids })) = &message.step else {
        return Err(FieldError::new("step", "must be `accounts` after the first message"));
    };
    if account_ids.is_empty() || account_ids.len() > ACCOUNTS_MAX {
        return Err(FieldError::new("accounts.account_ids", ACCOUNTS));
    }
    let named =
        |(index, account): (usize, &String)| text(account, &format!("accounts.account_ids[{index}]"), AccountId::parse);
    account_ids.iter().enumerate().map(named).collect()
}

/// An incident that somebody wants ended.
pub fn end_incident(message: pb::EndIncidentRequest) -> Result<Ending, FieldError> {
    let body = body("EndIncident", &message);
    let pb::EndIncidentRequest { request_id, incident_id, reason } = message;
    Ok(Ending {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        incident: text(&incident_id, "incident_id", RecordId::parse)?,
        reason: text(&reason, "reason", Reference::parse)?,
    })
}

/// A hold to place.
pub fn place_hold(message: pb::PlaceHoldRequest) -> Result<HoldOrder, FieldError> {
    let body = body("PlaceHold", &message);
    let pb::PlaceHoldRequest { request_id, kind, name, reason } = message;
    Ok(HoldOrder {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        target: target(kind, &name)?,
        reason: text(&reason, "reason", Reference::parse)?,
    })
}

/// A hold to lift.
pub fn lift_hold(message: pb::LiftHoldRequest) -> Result<HoldOrder, FieldError> {
    let body = body("LiftHold", &message);
    let pb::LiftHoldRequest { request_id, kind, name, reason } = message;
    Ok(HoldOrder {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        target: target(kind, &name)?,
        reason: text(&reason, "reason", Reference::parse)?,
    })
}

/// Which holds to list.
pub fn list_holds(message: pb::ListHoldsRequest) -> Result<HoldListing, FieldError> {
    let pb::ListHoldsRequest { include_lifted, page_size: size, page_token } = message;
    Ok(HoldListing {
        standing: !include_lifted,
        after: hold_page(&page_token, "page_token")?,
        size: page_size(size, "page_size", HOLDS_PAGE_MAX)?,
    })
}

fn target(kind: i32, name: &str) -> Result<HoldTarget, FieldError> {
    let kind = hold_kind(kind).in_field("kind")?;
    let name = match kind {
        // As requests have it: in capitals.
        HoldKind::Carrier => text(text(name, "name", Spid::parse)?.as_str(), "name", HeldName::parse)?,
        _ => text(name, "name", HeldName::parse)?,
    };
    Ok(HoldTarget { kind, name })
}
