//! Notices: what happened on an account, told to the people whom it is about.
//!
//! The ledger is the outbox: what is on record is told, in the order of its journal, and a place in each journal says how far.
//! So nothing is written twice with a decision, no notice can be lost or made up, and a receiver that is away for a day is told
//! of all of it when it is back.
//!
//! | file | holds |
//! | --- | --- |
//! | `matter` | what of a record is told, and whether always |
//! | `counting` | of what comes often, which ones are told |
//! | `addressing` | to whom |
//! | `wording` | in which words |
//! | `telling` | the notices of one record: made from it, and given to who carries them |
//! | `reading` | what is to be told next, in the order of commits |
//! | `pace` | how much is told at a time |
//! | `following` | the worker: one round after the other, by one engine at a time |
//! | `keeping` | how far it came, and what operators see of that |
//!
//! Deliberately absent: how it is carried (`outbound/`), and who sees it where it went.

mod addressing;
mod counting;
mod following;
mod keeping;
mod matter;
mod pace;
mod reading;
mod telling;
mod wording;

pub use keeping::{NOTICES_REPLAYED_MAX, NoticeStanding};
pub use matter::NoticeKind;
pub use telling::{Carrying, NotCarried, Notice, NoticeCarrier};

pub(in crate::service) use following::Notices;
