//! How accounts, lines, credentials, permits and records are written as bytes, before they are sealed.
//!
//! The messages are private: nothing outside reads or writes them, so they follow the domain and not the API. Their rules:
//! - Every message that is a row or a record begins with its format, field 1. A format above the known is an error, and so are
//!   bytes that reading would drop: an older engine never rewrites what a newer one kept.
//! - Every field is optional on the wire, and the domain says which must be there. Absence is an error, never a zero.
//! - Enums are kept by the numbers of `numbers.rs`; an unknown number is an error.
//! - Texts pass their types' own checks again. Instants are whole milliseconds since 1970; what is finer is cut off.
//! - Domain types are taken apart field by field, without `..`: a new field does not compile before it is kept.
//!
//! INVARIANT (fail-closed): whatever cannot be read in full is an error, and nothing is decided on it.
//!
//! Deliberately absent: keys and versions of rows. Sealing belongs to `crypto/`, versions to the store.

mod account;
mod challenge;
mod change;
mod checks;
mod code_sent;
mod credentials;
mod decided;
mod document;
mod envelope;
mod error;
mod event;
mod event_from_outside;
mod event_of_documents;
mod event_of_engine;
mod field;
mod history;
mod line;
mod notices;
mod numbers;
mod permit;
mod place;
mod policy_shelf;
mod protection;
mod record;
mod recovery;
mod separation;
mod shadow;
mod texts;

#[cfg(test)]
mod tests;

pub use account::{decode_account, encode_account};
pub use credentials::{decode_credentials, encode_credentials};
pub use document::{decode_document, encode_document};
pub use error::CodecError;
pub use line::{decode_line, encode_line};
pub use permit::{decode_permit, encode_permit};
pub use record::{decode_record, encode_record};
