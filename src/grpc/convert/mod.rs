//! From the wire to the vocabulary and back, one file a family of messages.
//!
//! Every message is destructured field by field, with no `..`: a new field of the contract is a compile error here until
//! somebody has decided what it means. What has to be there and is not is an error, never a default; an error names its
//! field and what would be right, never the value.

pub mod ask;
mod change;
mod contact;
mod cursor;
mod enums;
mod evidence;
mod field;
mod interaction;
mod key;
mod line;
mod position;
mod signal;
pub(in crate::grpc) mod tell;
pub mod time;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use cursor::{reached, record_page, record_page_token, resume_token};
pub use field::{FieldError, InField};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use position::{
    consistency_token as write_position, page_start as read_page, page_token as write_page, position as read_position,
};
