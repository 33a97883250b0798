//! The HTTP edge for operators: `/metrics`, `/healthz` and `/readyz`, in plain text on an address of its own.
//!
//! Deliberately absent: anything about a customer, a line or a decision, and anything that changes something.

mod ops;

pub use ops::{OpsState, Readiness, router, serve};
