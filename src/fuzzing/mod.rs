//! Every parser under made-up input: what `fuzz/` runs for hours, and what the tests run over its seeds.
//!
//! | file | holds |
//! | --- | --- |
//! | `table` | the targets by name; the only list of them |
//! | `requests` | messages of the contract, names and numbers, tokens of positions and pages, rows of an import |
//! | `identity` | access tokens, key sets, certificates and revocation lists |
//! | `kept` | stored rows and records, sealed bodies, verifiers, permits, device keys |
//! | `signed` | archive segments, manifests and tombstones, checkpoints, signed permits, public keys |
//! | `files` | the keyring, secrets of messages, settings, policies, records as they are printed |
//!
//! A target panics where a parser breaks its promise, and a promise is more than to come back: what is read is written
//! as it was, one value has one spelling, and an error tells nothing of what was given.
//!
//! Compiled for tests and under the feature `fuzzing`, never into the program. Deliberately absent: the fuzzer.

mod files;
mod identity;
mod kept;
mod requests;
mod signed;
mod table;

pub use table::{TARGETS, Target, run};
