//! Deliveries to real receivers: over TLS on this machine, and into files.

mod deliveries;
mod files;
mod receiver;
mod refused;

pub(super) use receiver::message;
