//! Files of one JSON object a line, in the contract's own names.
//!
//! | file | holds |
//! | --- | --- |
//! | `lines` | lines of a file, none longer than memory should hold |
//! | `strict`, `members` | JSON without repeated members, and its members by type, each with its path |
//! | `rows` | the file as rows, read on a thread of its own |
//! | `progress` | how far it is, and rows that were refused |
//!
//! Memory is bounded: rows wait in a short queue, and a file is read as fast as the service takes them.

mod lines;
mod members;
mod progress;
mod rows;
mod strict;

pub(crate) use lines::{Line, Lines};
pub(crate) use members::{Members, Problem, named_element, object, text_element};
pub(super) use progress::{Refused, bar};
pub(super) use rows::{BadRow, Note, QUEUE_MAX, Rows, open};
