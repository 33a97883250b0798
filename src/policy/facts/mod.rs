//! The typed facts a decision rests on: all that rules may ask, computed once from request, snapshot, checks and now.
//!
//! Rules see nothing else, so the facts on record are enough to decide again.

mod codes;
mod counts;
mod fact;
mod gather;
mod known;
mod number;
mod parts;
mod schema;
mod seen;
mod shown;
mod symbols;
mod told;
mod values;

pub(super) use fact::Over;
pub use fact::{Fact, Kind, Origin};
pub(super) use gather::stance;
pub use known::Facts;
pub use parts::{
    AppFact, Asker, AskerDevice, CodeFact, DocumentFact, Documents, Field, PersonStanding, SignalSet, TransferPinFact,
    WayBackFact,
};
pub use schema::{FACTS, fact_name};
pub(super) use seen::Seen;
pub use told::ToldFacts;
pub use values::{KNOWN_FACTS, NEVER, Values};
