//! Records: what was decided and changed, why and by whom, in one unbroken chain an account.
//!
//! Deliberately absent: reading and writing. A record is made here, sealed and kept by `store/`.

#[cfg(test)]
pub(crate) mod arbitrary;
mod chain;
mod filter;
mod kind;
mod record;

pub use chain::hash_of;
pub use filter::RecordFilter;
pub use kind::EventKind;
pub use record::{
    AnswerWindow, AuditStep, Caller, Decided, Event, LineTrace, Made, ReadOf, Record, RecordedContribution,
    RecordedReason, ReportedOutcome,
};
