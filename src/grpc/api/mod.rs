//! The services of the contract, one file each: identity and deadline from the edge, conversion, one use case.

mod account;
mod credential;
mod decision;
mod import;
mod keys;
mod protection;
mod services;

pub use services::{Services, services};
