//! Flags that commands share, and what they become in the contract's messages.
//!
//! | file | holds |
//! | --- | --- |
//! | `line` | which line, or which account |
//! | `change` | what is to be changed |
//! | `names` | the contract's closed sets, as words |
//! | `place` | where it is asked |
//! | `claims`, `signals` | what is said along |
//! | `proof` | evidence, with secrets from a prompt or a file |
//! | `approval` | the signature that a customer's app would make |
//! | `time` | instants and lengths of time |

mod approval;
mod change;
mod claims;
mod line;
mod names;
mod place;
mod proof;
mod signals;
mod time;

pub(super) use approval::signing_text;
pub(super) use change::{ChangeCommand, ChangeParts, SimTargetArgs};
pub(super) use claims::ClaimsArgs;
pub(super) use line::{LineArgs, OptionalScopeArgs, Scope, ScopeArgs, line_ref};
pub(super) use names::{ChannelName, DeliveryName, HolderName, KindName, LockName, OutcomeName, ReportName};
pub(super) use place::PlaceArgs;
pub(super) use proof::{DocumentArgs, ProofArgs};
pub(super) use signals::SignalArgs;
pub(super) use time::{duration, parse_instant, parse_length, timestamp};
