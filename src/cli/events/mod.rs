//! `portcullis events`: what happened elsewhere, one JSON object a line, into a running service.
//!
//! | file | holds |
//! | --- | --- |
//! | `event` | an event's line as a message of the contract |
//! | `command` | the stream, and what is told of it |
//! | `tell` | the summary |

mod command;
mod event;
mod tell;

pub(super) use command::{EventsArgs, run};
pub(crate) use event::parse as parse_event;
