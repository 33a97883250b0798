//! From the wire to the vocabulary and back, one file a family of messages.
//!
//! Every message is destructured field by field, with no `..`: a new field of the contract is a compile error here until
//! somebody has decided what it means. What has to be there and is not is an error, never a default; an error names its
//! field and what would be right, never the value.

pub mod change;
mod contact;
pub mod enums;
pub mod evidence;
mod field;
pub mod interaction;
mod key;
pub mod signal;
pub mod time;

pub use field::{FieldError, InField};
