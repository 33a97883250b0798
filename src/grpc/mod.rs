//! The gRPC edge: authenticates, converts, and calls the use cases. The only home of tonic and of the API's messages.
//!
//! | file | holds |
//! | --- | --- |
//! | `pb` | what is generated from `proto/` |
//! | `convert/` | messages to the vocabulary and back |
//! | `identity/` | access tokens to requesters |
//! | `api/` | the services of the contract, one file each |
//! | `edge` | what every call goes through: identity, deadline, counters, log |
//! | `status`, `status_service` | errors on the wire |
//! | `lanes/` | how many calls are worked on at a time; what is too much is refused unread |
//! | `lean` | calls at little cost, for the load generator |
//! | `listener/` | connections: TLS, callers' certificates, how many there may be |
//! | `transport`, `routes`, `health`, `server` | HTTP/2 settings, health, reflection, serving and draining |
//! | `echo` | the load generator's floor |
//! | `client` | what the command line calls a service with |
//!
//! Deliberately absent: rights, rules and state. tonic stays replaceable: nothing below this folder names it.

mod api;
pub mod client;
pub mod convert;
mod deadline;
mod echo;
mod edge;
mod health;
pub mod identity;
mod lanes;
pub mod lean;
pub mod listener;
pub mod pb;
mod routes;
mod server;
pub mod status;
mod status_service;
mod transport;

pub use api::{Services, services};
pub use echo::{ECHO_BYTES_MAX, echo_routes};
pub use edge::{Alarm, Edge};
pub use health::{Health, Readiness, SERVICES};
pub use lanes::Lanes;
pub use routes::{ReflectionError, with_health_and_reflection};
pub use server::{Front, ServeError, serve};
/// Services put together, ready to be served.
pub use tonic::service::Routes;
