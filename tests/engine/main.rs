//! The engine whole: use cases over a real store, with a clock that is told the time.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

mod interleavings;
mod locks;
mod permits;
mod pins;
mod requests;
mod world;
