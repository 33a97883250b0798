//! The program itself: started, asked, stopped and started again, all through its command line.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should fail where it is"
)]

mod audit;
mod backup;
mod canaries;
mod canary_beside;
mod canary_challenges;
mod canary_customers;
mod canary_desk;
mod canary_events;
mod canary_keys;
mod canary_life;
mod canary_policies;
mod canary_separations;
mod day;
mod doctor;
mod dumps;
mod events;
mod identity;
mod imports;
mod key_upkeep;
mod keys;
mod messages;
mod moving;
mod notices;
mod policies;
mod program;
#[path = "../redis_servers/mod.rs"]
mod redis_servers;
mod refusals;
mod scenarios;
mod separations;
mod signed_permits;
mod spelt;
mod spelt_tests;
mod stores;
mod traffic;
