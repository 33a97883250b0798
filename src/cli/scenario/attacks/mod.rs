//! Variations of the attacks: thousands that are all different, none of which may be approved.
//!
//! | file | holds |
//! | --- | --- |
//! | `families` | what may vary in which scenario, and what the owner's own proof changes |
//! | `vary` | one variation, made by a seed, and the digest that tells it from the others |
//! | `turn` | a variation as a person takes it: as the attack, or with the owner's proof at one step |
//! | `play` | all of them, through the public API |
//! | `report` | what came of them |
//!
//! Each variation has households, staff, stores, carriers, handsets and PINs of its own: nothing that one leaves behind makes the
//! next one fail.
//!
//! Deliberately absent: what an attack must come to but that it is not approved. The scenario says that.

mod families;
mod play;
mod report;
mod turn;
mod vary;

pub(in crate::cli) use play::{Attacks, attacks};
