//! `portcullis account import`: a file of accounts, one JSON object a line, into a running service.
//!
//! | file | holds |
//! | --- | --- |
//! | `seed` | an account's line as a message of the contract |
//! | `command` | the stream, and what is told of it |
//! | `tell` | the summary |

mod command;
mod seed;
mod tell;

pub(super) use command::{ImportArgs, run};
pub(crate) use seed::parse as parse_seed;
