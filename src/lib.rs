//! Portcullis decides whether a phone line may be changed, before it is changed.

pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod domain;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod grpc;
pub mod outbound;
pub mod policy;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod web;
