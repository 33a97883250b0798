//! The engine whole: use cases over a real store, with a clock that is told the time.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on says so"
)]

mod ahead;
mod all_calls;
mod all_calls_dice;
mod all_calls_model;
mod altered;
mod archive;
mod archive_order;
mod attacks;
mod batch;
mod challenges;
mod challenges_guarded;
mod codes;
mod contacts;
mod devices;
mod disputes;
mod documents;
mod events;
mod exports;
mod first_devices;
mod incidents;
mod interleavings;
mod key_upkeep;
mod ledger;
mod locks;
mod many_engines;
mod moving;
mod notices;
mod notices_carried;
mod notices_troubled;
mod on_redis;
mod overload;
mod permits;
mod pins;
mod places;
mod policies;
mod provisioning;
mod readers;
mod records;
mod recoveries;
#[path = "../redis_servers/mod.rs"]
mod redis_servers;
mod requests;
mod separations;
mod separations_refused;
mod separations_unseen;
mod spy;
mod sweeps;
mod two_people;
mod unknown;
mod velocity;
mod windows;
mod world;
