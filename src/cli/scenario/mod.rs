//! Scenarios: sequences of steps with the answer that a policy must give at every one, played through the public API under a
//! clock that stands still until a step moves it.
//!
//! | file | holds |
//! | --- | --- |
//! | `file` | what a scenario file says |
//! | `cast` | who asks: the people, systems and devices of every scenario |
//! | `stage` | a service of its own, its clock, its households |
//! | `till` | connections that show a store's certificate |
//! | `request` | a step as messages of the contract |
//! | `play` | one scenario from its first step to its last |
//! | `verdict` | what came of a step, held against what must |
//! | `report` | what is told of all of them, and which rules none reached |
//! | `ordinary/` | a generated ordinary day, held against what an honest customer may be cost |
//! | `attacks/` | variations of the attacks, none of which may be approved |
//! | `dice` | numbers that look random and are the same on every machine |
//!
//! Deliberately absent: any way into the service but its public interface, and any rule of its own. Steps that need what is not
//! built are marked in their file (`waits_for`), told as waiting, and never counted as passed.

mod attacks;
mod cast;
mod dice;
mod file;
mod mailbox;
mod ordinary;
mod play;
mod report;
mod request;
mod stage;
mod till;
mod verdict;
mod waiting;

pub(super) use attacks::{Attacks, attacks};
pub(super) use ordinary::{Ordinary, ordinary};
pub(super) use report::{StepOf, decided_step, test};
