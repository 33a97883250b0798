//! The chain of an account's records.

use crate::crypto::chain;

/// The hash of a record: over the hash before it and its own stored bytes. A record that is changed, dropped or put in
/// between gives another hash from there on.
pub fn hash_of(previous: &[u8; 32], body: &[u8]) -> [u8; 32] {
    chain(previous, body)
}
