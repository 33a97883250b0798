//! `portcullis bench --notices`: what decisions pay while customers are told of a hundred thousand others.
//!
//! | file | holds |
//! | --- | --- |
//! | `receiver` | the carrier's messaging system: HTTPS on this machine, which takes every notice and remembers which |
//! | `phase` | the order of things: the peak, the queue, then decisions with and without notices, in turns |
//! | `report` | the figures |
//!
//! Notices go the whole way: read from the ledger, made, signed, posted over TLS, and kept. Service and receiver share one
//! machine; the receiver has the callers' cores, so that what it spends is not the service's, and counts against the service
//! all the same.

mod phase;
mod receiver;
mod report;

pub(super) use phase::{Queued, run};
pub(super) use receiver::Receiver;
pub(super) use report::Report;
