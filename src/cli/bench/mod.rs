//! `portcullis bench`: load on a service of its own, beside the floors that no service can go below.
//!
//! | file | holds |
//! | --- | --- |
//! | `command` | flags, and the order of the phases |
//! | `world` | the service under load: store, engine, server and tokens, in a folder of its own |
//! | `population`, `asks` | generated accounts, and what is asked about them |
//! | `drive`, `tally`, `figures` | closed and open loops, and what came of them |
//! | `callers` | one call: a decision, an echo, a bare trip to the store |
//! | `shapes`, `bare` | what decisions ask of the store, and the same asked without them |
//! | `rounds`, `solo`, `pins`, `import` | the phases |
//! | `oracle` | whether times tell of numbers |
//! | `notices/` | decisions while a long queue of notices is told |
//! | `overload/` | more calls than can be answered, and locks among them |
//! | `compare/` | two policies beside each other: what rules and windows cost |
//! | `report` | the figures, for programs and for people |
//!
//! Measures and floors alternate in short rounds, so that a machine that drifts drifts for both; what is told is the median.
//!
//! Deliberately absent: any way past the policy that decides. It is the one that `serve` decides by, except where policies are
//! compared.

mod asks;
mod bare;
mod callers;
mod command;
mod compare;
mod drive;
mod figures;
mod import;
mod notices;
mod oracle;
mod overload;
mod pins;
mod population;
mod report;
mod rounds;
mod shapes;
mod solo;
mod tally;
mod world;

pub(super) use command::{BenchArgs, run};
pub(super) use world::{Scratch, listen, settings};
