//! `portcullis audit`: what was recorded, as it comes, and whether it is still there as it was.
//!
//! | file | holds |
//! | --- | --- |
//! | `command` | the subcommands and their flags |
//! | `filter` | which records |
//! | `list`, `watch` | reading them |
//! | `verify`, `text` | verifying chains, and checkpoints as files |
//! | `checkpoint` | making one |
//! | `export`, `exported` | many records leave with a second person |
//! | `archive`, `told` | old records leave the store; what the archive holds |
//! | `trusted` | whose signatures are believed |

mod archive;
mod checkpoint;
mod command;
mod export;
mod exported;
mod filter;
mod list;
mod text;
mod told;
mod trusted;
mod verify;
mod watch;

pub(super) use command::{AuditArgs, run};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use trusted::parse_public_keys;
