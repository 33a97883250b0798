//! `portcullis bench --overload`: four times as many calls as can be answered, with locks among them.
//!
//! | file | holds |
//! | --- | --- |
//! | `cores` | a share of the cores for the service, another for who offers the calls |
//! | `prepared` | calls made before the clock starts, and what is known of each |
//! | `offer` | calls as fast as they are answered, and calls at a rate, answered or not |
//! | `count` | what came of them |
//! | `check` | each approval against the record that it names |
//! | `phase`, `report` | the order of things, and the figures |
//!
//! The service and who asks it share one machine. Each keeps to its own cores, so that what the one spends is not taken
//! from the other; the peak is measured the same way, in turns with the overload.

mod check;
mod cores;
mod count;
mod offer;
mod phase;
mod prepared;
mod report;

pub(super) use cores::Cores;
pub(super) use phase::{Offered, ROUNDS, run};
pub(super) use report::Report;
