//! The rules of the policy, one file a family, in the order in which their reasons are told.
//!
//! INVARIANT (stricter-only): rules only raise. A rule added to the table can make no answer milder.
//!
//! Not built yet, and so absent: challenges over channels under attack (P5), staff holds and rosters (P6), counts over many
//! accounts (P3, P15, P16), posture (P18), where a SIM is shipped (P11), log-in failures (P13), calls during an issue (P14).
//! An operator's own rules will join the table from the policy language.

mod claims;
mod cooldowns;
mod devices;
mod flags;
mod lines;
mod locks;
mod persons;
mod pins;
mod ports;
mod rule;
mod score;
mod signals;
mod table;
mod transfer_pins;

pub(super) use rule::just_after;
pub use rule::{Actions, IfUnknown, Rule, RuleEffect, Tri};
pub use table::{all, rule_named};
