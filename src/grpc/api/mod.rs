//! The services of the contract, one file each: identity and deadline from the edge, conversion, one use case.

mod account;
mod archive;
mod audit;
mod challenge;
mod credential;
mod decision;
mod event;
mod event_stream;
mod export;
mod fitting;
mod follow_activity;
mod follow_decision;
mod import;
mod incident;
mod keys;
mod notice;
mod policy;
mod protection;
mod separation;
mod services;
mod told;
mod verify;
mod watch;

pub use services::{Services, services};
