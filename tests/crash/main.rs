//! What an answer survives: the real program killed, traced and starved, and asked again.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

mod disk;
mod kill;
mod service;
mod trace;
