//! `portcullis policy replay`: recorded decisions against another policy.
//!
//! | file | holds |
//! | --- | --- |
//! | `command` | the flags, and running it |
//! | `count` | what is counted of every decision |
//! | `knobs` | what is not asked again |
//! | `known` | refusals and frauds, of decisions that somebody reported on |
//! | `told` | what is told, as text and as JSON |
//! | `picture` | the same as a picture |
//! | `svg` | how pictures are written |
//!
//! Deliberately absent: reading segments of the archive, whose records are sealed. What an export of them holds is read with
//! `--records`.

mod command;
mod count;
mod knobs;
mod known;
mod picture;
mod svg;
mod told;

pub(in crate::cli) use command::ReplayArgs;
pub(super) use command::run;
