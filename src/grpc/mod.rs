//! The gRPC edge: authenticates, converts, and calls the use cases. The only home of tonic and of the API's messages.
//!
//! | file | holds |
//! | --- | --- |
//! | `pb` | what is generated from `proto/` |
//! | `convert/` | messages to the vocabulary and back |
//! | `identity/` | access tokens to requesters |
//! | `edge` | what every call goes through: identity, deadline, counters, log |
//! | `status` | errors on the wire |
//! | `transport`, `health`, `server` | HTTP/2 and TLS settings, health, serving and draining |
//!
//! Deliberately absent: rights, rules and state. tonic stays replaceable: nothing below this folder names it.

pub mod convert;
mod deadline;
mod edge;
mod health;
pub mod identity;
pub mod pb;
mod server;
pub mod status;
pub mod transport;

pub use edge::Edge;
pub use health::{Health, Readiness, SERVICES};
pub use server::{ServeError, serve};
