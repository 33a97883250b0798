//! A generated ordinary day, held against what an honest customer may be cost.
//!
//! | file | holds |
//! | --- | --- |
//! | `mix` | what the mix says: who comes with what, and how often |
//! | `draw` | a day made of it by a seed |
//! | `seats` | counters, care and carriers, and who is busy |
//! | `play` | the day from midnight to midnight, through the public API |
//! | `goals` | which asks a goal is about, and what came of them |
//! | `report` | the figures |
//!
//! Deliberately absent: what must come out. The mix knows nothing of rules, and a goal is a share of all asks of its kind.

mod draw;
mod goals;
mod mix;
mod play;
mod report;
mod seats;

pub(in crate::cli) use play::{Ordinary, ordinary};
