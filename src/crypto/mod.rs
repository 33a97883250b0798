//! Keys, and everything that is done with them: the only home of `ring`, of `argon2` and of randomness.
//!
//! | file | holds |
//! | --- | --- |
//! | `random` | the one source of random bytes |
//! | `keyring`, `keyring_file` | the keys by purpose, and their file |
//! | `mac` | keyed hashing, shared by the files below |
//! | `tokens` | lookup tokens and partitions |
//! | `ids` | time-ordered ids that carry their partition |
//! | `seal` | sealing of stored records, under a subkey an account |
//!
//! Deliberately absent: the clock (time is an argument), who may do what, any store, any network, and every way to read
//! a key's material out again. Nothing here decides: it answers "matches" or "does not", and what cannot be checked is
//! an error, never a match.

mod ids;
mod keyring;
mod keyring_file;
mod mac;
mod random;
mod seal;
mod tokens;

pub use ids::Ids;
pub use keyring::{Cost, KeyInfo, KeyState, Keyring, Purpose};
pub use keyring_file::KeyringError;
pub use random::RandomError;
pub use seal::{AccountSealer, Place, SealError, Sealer};
pub use tokens::{Partition, Token, TokenKind, Tokens};
