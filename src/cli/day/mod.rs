//! `portcullis day`: a made-up day at a carrier, played against a service of one's own.
//!
//! | file | holds |
//! | --- | --- |
//! | `sheet`, `script`, `told` | the day as it is written down: rows, their order, what must come of them |
//! | `asker` | who asks, and their access tokens |
//! | `message`, `changes`, `protection` | rows as requests of the public interface |
//! | `subscribers` | the subscribers, imported or found |
//! | `player`, `notes` | playing them, and what people remember |
//! | `counts`, `counters`, `review` | what came of it: to those who asked, by the service's counters, on record |
//! | `report`, `hand` | what is told of it, and how to go on by hand |
//! | `command` | from the flags to the end |
//!
//! Deliberately absent: any way into the service but its public interface, and any rule of its own.

mod asker;
mod changes;
mod command;
mod counters;
mod counts;
mod hand;
mod message;
mod notes;
mod player;
mod protection;
mod report;
mod review;
mod script;
mod sheet;
mod subscribers;
mod told;

pub(super) use command::{DayArgs, run};
