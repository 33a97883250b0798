//! Generators of domain values for property tests: every value that the types can hold, within the bounds that the domain sets.
//!
//! Instants are whole milliseconds, as everywhere in the engine.

mod accounts;
mod changes;
mod happenings;
mod ledger;
mod names;
mod proofs;
mod secrets;

pub(crate) use accounts::{account, annulled, line};
pub(crate) use changes::{change, lock_holder, lock_set};
pub(crate) use happenings::recorded;
pub(crate) use ledger::{cohort, document, hold_cause, hold_target};
pub(crate) use names::{
    account_id, change_digest, channel, contact_id, device_id, hash, instant, line_id, place, policy_revision,
    record_id, reference, release_id, subject, transfer_pin_id,
};
pub(crate) use proofs::{checks, effect, factor, factor_option, level, outcome_kind, own_reason, reason};
pub(crate) use secrets::{credentials, permit};
