//! `portcullis serve`: puts the service together, tells where it listens, and stops it gently.

mod args;
mod compose;
mod identities;
mod refusal;
mod reload;
mod run;
mod tally;
mod waits;

pub(super) use args::{ServeArgs, run, setting};
pub(super) use compose::{Composed, compose};
pub(super) use run::{Listening, serve_until};
pub(super) use waits::Stops;
