//! `portcullis bench --policy minimal,default`: what a policy costs, over the whole decision, from load to commit.
//!
//! | file | holds |
//! | --- | --- |
//! | `policies` | the policies that are held against each other |
//! | `counter` | who asks, and which windows that writes |
//! | `run` | the loads, in turns |
//! | `report` | the figures, and the bars they are held against |
//!
//! Each policy decides in a service of its own, put together alike, on the same disk. Every question is a SIM change without
//! proof and comes to a challenge, whoever asks and whichever policy decides: what differs is the rules, and what is counted.
//!
//! Deliberately absent: a way to keep the engine from counting. What is counted does not follow from the policy, so that one
//! that is loaded later finds it counted; the floor without windows is the minimal policy asked by devices, which no window
//! counts.

mod counter;
mod policies;
mod report;
mod run;

pub(super) use policies::Compared;
pub(super) use report::Report;
pub(super) use run::{Loads, run};
