//! Incidents and holds: what a fraud desk knows that no account's record tells, in force from the next decision on.
//!
//! | file | holds |
//! | --- | --- |
//! | `book` | what is in force in a brand, in memory: asked by every decision |
//! | `following` | what other engines change, where there are others |
//! | `keeping` | one change of one document in a brand's ledger: read, changed, recorded, in force; two people's words |
//! | `holds` | who or what is refused until two people lift it (P6) |
//! | `disputes` | staff whose change a customer disputes, and their devices (P9) |
//! | `breaches` | from which instant on secrets are good again (P17), for everyone, a brand or a list of accounts |
//!
//! Everything stands in the brand's ledger, as documents beside its chain of records, and every change is a record there. The
//! book is read from the store before the first decision of a brand, and changed by who commits: so a decision that begins
//! after an answer knows what the answer said. What was lifted or ended leaves the book: it is in the store and on record.

mod book;
mod breaches;
mod disputes;
mod following;
mod holds;
mod keeping;

pub use breaches::{Breach, INCIDENTS_PAGE_MAX, IncidentPage, LISTED_MAX, Listing, Whom};
pub use holds::{HOLDS_PAGE_MAX, HoldOrder, HoldPage};
pub use keeping::DocumentPlace;

pub(super) use book::{Books, Shelf};
pub(super) use disputes::Disputed;
pub(super) use keeping::{Changed, Wanted};
