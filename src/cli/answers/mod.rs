//! Messages of the contract as text for people and as JSON for programs.
//!
//! JSON has the contract's own names. Every message is destructured field by field, with no `..`: a new field of the
//! contract is a compile error here. A message that is absent is `null`, so that an object always has the same members.

mod account;
mod challenge;
mod credential;
mod decision;
mod protection;
mod record;
mod recovery;
mod value;

pub(super) use account::Account;
pub(super) use challenge::{Challenges, CodeSent, Given};
pub(super) use credential::{Credentials, PinSet, Revoked, TransferPinIssued, TransferPins};
pub(super) use decision::{Decided, Redeemed, exit_of};
pub(super) use protection::{Activities, Followed, Guarded, Protections, Released};
pub(super) use record::{Record, records_table};
pub(super) use recovery::{Recovery, SwapReported};
pub(super) use value::{Named, instant, name, spoken, word};
