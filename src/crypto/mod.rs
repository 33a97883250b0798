//! Keys, and everything that is done with them: the only home of `ring`, of `argon2` and of randomness.
//!
//! | file | holds |
//! | --- | --- |
//! | `random` | the one source of random bytes |
//! | `keyring`, `keyring_file` | the keys by purpose, and their file |
//! | `cost` | what hashing a PIN costs |
//! | `self_test` | tries every purpose of a keyring once |
//! | `secret_file` | files that their owner alone may read |
//! | `mac` | keyed hashing, shared by the files below |
//! | `tokens` | lookup tokens and partitions |
//! | `ids` | time-ordered ids that carry their partition |
//! | `seal` | sealing of stored records, under a subkey an account |
//! | `pins`, `pin_pool` | verifiers of account PINs, and the bounded pool of threads that make and check them |
//! | `short_secrets` | verifiers of transfer PINs and codes, and transfer PINs themselves |
//! | `permits` | permits as they travel |
//! | `permit_signer` | the same as a JWS, for relying parties |
//! | `signatures` | Ed25519 signatures that others verify, and the names of the keys that make them |
//! | `record_signer` | signatures over what leaves the store |
//! | `message_signer` | signatures over messages to customers, for who carries them |
//! | `app_keys` | signatures of customers' devices |
//! | `signing_key` | Ed25519 key pairs of the development issuer, tests and examples |
//! | `jwt` | what the token library verifies with |
//! | `certificates` | what certificates and revocation lists say of themselves |
//! | `digest` | unkeyed digests, and the step of an account's chain of records |
//! | `json` | objects of JSON, in one spelling |
//!
//! Deliberately absent: the clock (time is an argument), who may do what, any store, any network, and every way to read
//! a key's material out again. Nothing here decides: it answers "matches" or "does not", and what cannot be checked is
//! an error, never a match.

mod app_keys;
mod certificates;
mod cost;
mod digest;
mod ids;
mod json;
mod jwt;
mod keyring;
mod keyring_file;
mod mac;
mod message_signer;
mod permit_signer;
mod permits;
mod pin_pool;
mod pin_values;
mod pins;
mod random;
mod record_signer;
mod seal;
mod secret_file;
mod self_test;
mod short_secrets;
mod signatures;
mod signing_key;
mod tokens;

pub use app_keys::{AppKey, AppKeyError, verify_app_signature};
pub use certificates::{CertificateError, CertificateFacts, RevocationListFacts, certificates, revocation_lists};
pub use cost::Cost;
pub use digest::{RunningDigest, chain, change_digest, sha256, sha256_of, sha256_plain};
pub use ids::Ids;
pub(crate) use json::{object, parse_object};
pub use jwt::{JwtSetupError, install_jwt_provider};
pub use keyring::{KeyInfo, KeyState, Keyring, Purpose};
pub use keyring_file::KeyringError;
pub use message_signer::{MessageKey, MessageKeyError, MessageSigner};
pub use permit_signer::{PermitNames, PermitSigner, PermitStatement, permit_key_set};
pub use permits::{PermitBinding, PermitClaim, PermitError, Permits};
pub use pin_pool::{PinPool, Shed};
pub use pin_values::PinValues;
pub use pins::{PinError, PinHasher, Scratch};
pub use random::{RandomError, random_bytes, random_uuid};
pub use record_signer::{RecordSigner, Signed};
pub use seal::{AccountSealer, Place, SealError, Sealer};
pub use secret_file::{SecretFileError, read_secret_file, write_new_secret_file};
pub use self_test::{SelfTestError, self_test};
pub use short_secrets::{ShortSecret, ShortSecrets, generate_code, generate_transfer_pin};
pub use signatures::{KeyId, PublicKey, Signature, SignatureError};
pub use signing_key::{SigningKey, SigningKeyError};
pub use tokens::{Partition, Token, TokenKind, Tokens};
