//! Requests of the incident service.

use chrono::{DateTime, Utc};

use super::body::body;
use crate::domain::{AccountId, HeldName, HoldKind, HoldTarget, RecordId, Reference, RequestId, Spid};
use crate::grpc::convert::change::back_to;
use crate::grpc::convert::cursor::{all_holds_page, all_incidents_page, hold_page, incident_page};
use crate::grpc::convert::enums::hold_kind;
use crate::grpc::convert::field::{FieldError, InField, required, text};
use crate::grpc::convert::interaction::interaction;
use crate::grpc::convert::line::line as named_line;
use crate::grpc::convert::position::page_size;
use crate::grpc::convert::time::instant;
use crate::grpc::pb::v1 as pb;
use crate::service::{Body, DocumentPlace, HOLDS_PAGE_MAX, HoldOrder, INCIDENTS_PAGE_MAX, SwapWord};

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

/// What follows the first message of an opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpeningStep {
    /// Accounts of the list.
    Accounts(Vec<AccountId>),
    /// That all was sent: so many accounts.
    End(u64),
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<P> {
    /// Of what, and after which.
    pub from: ListFrom<P>,
    /// How many.
    pub size: usize,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListFrom<P> {
    /// Among those that stand.
    Standing(Option<P>),
    /// Among all that there ever were.
    All(Option<DocumentPlace>),
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

/// A message after the first one: accounts of a list, or that those were all.
pub fn incident_step(message: &pb::OpenIncidentRequest) -> Result<OpeningStep, FieldError> {
    use pb::open_incident_request::Step;
    let account_ids = match &message.step {
        Some(Step::Accounts(pb::AccountList { account_ids })) => account_ids,
        Some(Step::End(pb::IncidentEnd { account_count })) => {
            let count = u64::try_from(*account_count);
            return count.map(OpeningStep::End).map_err(|_| FieldError::new("end.account_count", "must be 0 or more"));
        }
        Some(Step::Opening(_)) | None => {
            return Err(FieldError::new("step", "must be `accounts` or `end` after the first message"));
        }
    };
    if account_ids.is_empty() || account_ids.len() > ACCOUNTS_MAX {
        return Err(FieldError::new("accounts.account_ids", ACCOUNTS));
    }
    let named =
        |(index, account): (usize, &String)| text(account, &format!("accounts.account_ids[{index}]"), AccountId::parse);
    account_ids.iter().enumerate().map(named).collect::<Result<_, _>>().map(OpeningStep::Accounts)
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

/// One person's word that a SIM change was somebody else's.
pub fn confirm_swap(message: pb::ConfirmSwapRequest) -> Result<SwapWord, FieldError> {
    let body = body("ConfirmSwap", &message);
    let pb::ConfirmSwapRequest { request_id, line, back_to: sim, reason, interaction: place } = message;
    Ok(SwapWord {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        line: named_line(line, "line")?,
        back_to: back_to!(confirm_swap_request, sim),
        reason: text(&reason, "reason", Reference::parse)?,
        channel: interaction(place, "interaction")?.channel,
    })
}

/// Which holds to list.
pub fn list_holds(message: pb::ListHoldsRequest) -> Result<Listed<HoldTarget>, FieldError> {
    let pb::ListHoldsRequest { include_lifted, page_size: size, page_token } = message;
    let from = if include_lifted {
        ListFrom::All(all_holds_page(&page_token, "page_token")?)
    } else {
        ListFrom::Standing(hold_page(&page_token, "page_token")?)
    };
    Ok(Listed { from, size: page_size(size, "page_size", HOLDS_PAGE_MAX)? })
}

/// Which incidents to list.
pub fn list_incidents(message: pb::ListIncidentsRequest) -> Result<Listed<RecordId>, FieldError> {
    let pb::ListIncidentsRequest { include_ended, page_size: size, page_token } = message;
    let from = if include_ended {
        ListFrom::All(all_incidents_page(&page_token, "page_token")?)
    } else {
        ListFrom::Standing(incident_page(&page_token, "page_token")?)
    };
    Ok(Listed { from, size: page_size(size, "page_size", INCIDENTS_PAGE_MAX)? })
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
