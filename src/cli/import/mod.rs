//! `portcullis account import`: a file of accounts, one JSON object a line, into a running service.
//!
//! | file | holds |
//! | --- | --- |
//! | `lines` | lines of a file, none longer than memory should hold |
//! | `strict`, `members` | JSON without repeated members, and its members by type, each with its path |
//! | `seed` | an account's line as a message of the contract |
//! | `rows` | the file as rows, read on a thread of its own |
//! | `command` | the stream, and what is told of it |
//! | `tell` | refused rows and the summary |
//!
//! Memory is bounded: rows wait in a short queue, and the file is read as fast as the service takes them.

mod command;
mod lines;
mod members;
mod rows;
mod seed;
mod strict;
mod tell;

pub(super) use command::{ImportArgs, run};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use lines::{Line, Lines};
pub(crate) use members::Problem;
pub(crate) use seed::parse as parse_seed;
