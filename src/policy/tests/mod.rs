//! Decisions as data: a small world, requests in it, and what must be answered, outcome and reasons.

mod accounts;
mod admissions;
mod challenges;
mod codes;
mod dead_ends;
mod dice;
mod documents;
mod events;
mod locks;
mod pins;
mod ports;
mod profiles;
mod properties;
mod recoveries;
mod replays;
mod sims;
mod staff;
mod told;
mod velocity;
pub(super) mod world;
