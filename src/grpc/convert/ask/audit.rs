//! Requests of the audit service.

use crate::audit::{EventKind, RecordFilter};
use crate::domain::{AccountId, FormatError, OutcomeKind, RecordId, Subject};
use crate::grpc::convert::cursor::{reached, record_page};
use crate::grpc::convert::field::{FieldError, InField, first_repeated, optional_text, required, text};
use crate::grpc::convert::line::{account_scope, line_scope};
use crate::grpc::convert::position::page_size;
use crate::grpc::convert::time::optional_instant;
use crate::grpc::pb::v1 as pb;
use crate::service::{RECORDS_PAGE_MAX, Reached, RecordQuery, RecordScope};

/// Kinds that a filter may name.
const KINDS_MAX: usize = 20;

const KIND: &str = "must be one of the named kinds of record";
const OUTCOME: &str = "must be OUTCOME_APPROVE, OUTCOME_CHALLENGE or OUTCOME_DENY";
const LINES: &str = "must be whole lines, each ended by a line feed";

/// What somebody wants to follow, and from where on.
#[derive(Debug, Clone)]
pub struct Following {
    /// Which records.
    pub filter: RecordFilter,
    /// From where on; from now on without it.
    pub from: Option<Reached>,
}

/// A step of a verification's request.
#[derive(Debug, Clone)]
pub enum VerifyStep {
    /// What to verify.
    Start {
        /// One account; all of the brand without it.
        account: Option<AccountId>,
        /// Whether a checkpoint's text follows.
        with_checkpoint: bool,
    },
    /// More of the checkpoint's text: whole lines.
    Lines(String),
}

/// A page of records to read.
pub fn list_records(message: pb::ListRecordsRequest) -> Result<RecordQuery, FieldError> {
    use pb::list_records_request::Scope;
    let pb::ListRecordsRequest { scope, filter, page_size: size, page_token } = message;
    let scope = match scope {
        None => None,
        Some(Scope::AccountId(id)) => Some(RecordScope::Of(account_scope(&id)?)),
        Some(Scope::Line(line)) => Some(RecordScope::Of(line_scope(line)?)),
        Some(Scope::RecordId(id)) => Some(RecordScope::One(text(&id, "record_id", RecordId::parse)?)),
    };
    Ok(RecordQuery {
        filter: filter.map_or_else(|| Ok(RecordFilter::default()), record_filter).in_field("filter")?,
        scope,
        from: record_page(&page_token, "page_token")?,
        size: page_size(size, "page_size", RECORDS_PAGE_MAX)?,
    })
}

/// Records to follow.
pub fn watch_records(message: pb::WatchRecordsRequest) -> Result<Following, FieldError> {
    let pb::WatchRecordsRequest { resume_token, filter, account_id } = message;
    let filter = filter.map_or_else(|| Ok(RecordFilter::default()), record_filter).in_field("filter")?;
    let account = optional_text(&account_id, "account_id", AccountId::parse)?;
    Ok(Following { filter: RecordFilter { account, ..filter }, from: reached(&resume_token, "resume_token")? })
}

/// A step of a verification.
pub fn verify_chain(message: pb::VerifyChainRequest) -> Result<VerifyStep, FieldError> {
    use pb::verify_chain_request::Step;
    let pb::VerifyChainRequest { step } = message;
    match required(step, "step")? {
        Step::Start(start) => {
            let pb::VerifyStart { account_id, with_checkpoint } = start;
            let account = optional_text(&account_id, "account_id", AccountId::parse).in_field("start")?;
            Ok(VerifyStep::Start { account, with_checkpoint })
        }
        Step::CheckpointLines(lines) if lines.ends_with('\n') => Ok(VerifyStep::Lines(lines)),
        Step::CheckpointLines(_) => Err(FieldError::new("checkpoint_lines", LINES)),
    }
}

/// Whose checkpoint: the caller's brand, which is all there is to say.
pub fn make_checkpoint(message: pb::MakeCheckpointRequest) -> Result<(), FieldError> {
    let pb::MakeCheckpointRequest {} = message;
    Ok(())
}

pub(super) fn record_filter(message: pb::RecordFilter) -> Result<RecordFilter, FieldError> {
    let pb::RecordFilter { from_time, before_time, kinds, caller_subject, outcome } = message;
    Ok(RecordFilter {
        account: None,
        line: None,
        from: optional_instant(from_time, "from_time")?,
        before: optional_instant(before_time, "before_time")?,
        kinds: event_kinds(&kinds)?,
        caller: optional_text(&caller_subject, "caller_subject", Subject::parse)?,
        outcome: decided(outcome).in_field("outcome")?,
    })
}

fn event_kinds(kinds: &[i32]) -> Result<Vec<EventKind>, FieldError> {
    if kinds.len() > KINDS_MAX {
        return Err(FieldError::new("kinds", format!("must have at most {KINDS_MAX} elements")));
    }
    // The contract's numbers are the recorded ones; UNREADABLE has none there.
    let kind = |value: i32| u8::try_from(value).ok().and_then(EventKind::from_number);
    let named =
        |(index, value): (usize, &i32)| kind(*value).ok_or_else(|| FieldError::new(&format!("kinds[{index}]"), KIND));
    if let Some(index) = first_repeated(kinds) {
        return Err(FieldError::new(&format!("kinds[{index}]"), "must not be there twice"));
    }
    kinds.iter().enumerate().map(named).collect()
}

fn decided(value: i32) -> Result<Option<OutcomeKind>, FormatError> {
    match pb::Outcome::try_from(value) {
        Ok(pb::Outcome::Unspecified) => Ok(None),
        Ok(pb::Outcome::Approve) => Ok(Some(OutcomeKind::Approve)),
        Ok(pb::Outcome::Challenge) => Ok(Some(OutcomeKind::Challenge)),
        Ok(pb::Outcome::Deny) => Ok(Some(OutcomeKind::Deny)),
        Err(_) => Err(FormatError { expected: OUTCOME }),
    }
}
