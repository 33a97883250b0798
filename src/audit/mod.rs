//! Records: what was decided and changed, why and by whom, in one unbroken chain an account.
//!
//! Deliberately absent: reading and writing. A record is made here, sealed and kept by `store/`.

#[cfg(test)]
pub(crate) mod arbitrary;
pub mod archive;
mod chain;
mod checkpoint;
mod decided;
mod event;
mod fault;
mod filter;
mod kind;
mod record;

pub use chain::hash_of;
pub use checkpoint::{
    CHECKPOINT_LINE_BYTES_MAX, ChainMark, CheckpointError, CheckpointLine, CheckpointReader, CheckpointSeal,
    CheckpointWriter,
};
pub use decided::{AnswerWindow, Decided, Made, RecordedContribution, RecordedReason, ShadowVerdict};
pub use event::{
    AuditStep, Event, HoldStep, IncidentStep, PolicyChange, PolicyStep, ReadOf, RecoveryStep, ReportedOutcome,
    SegmentTrace, SeparationStep, ToldEvent,
};
pub use fault::{Fault, FaultKind};
pub use filter::RecordFilter;
pub use kind::EventKind;
pub use record::{Caller, LineTrace, Record};
