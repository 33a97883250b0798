//! `portcullis serve`: puts the service together, tells where it listens, and stops it gently.

mod args;
mod codes;
mod compose;
mod gauges;
mod identities;
mod key_sets;
mod notices;
mod notify;
mod opened;
mod refusal;
mod reload;
mod run;
mod tally;
mod waits;

pub(super) use args::{ServeArgs, run, setting};
pub(super) use compose::{Composed, compose, compose_by};
pub(super) use identities::{clients, issuers, read as read_public, stores, tls};
pub(super) use key_sets::KeySets;
pub(super) use opened::{Hand, Opened, begin_on_redis, open_to_carry, open_to_fill, redis_options};
pub(super) use run::{Listening, serve_until};
pub(super) use waits::Stops;
