//! `portcullis incident` and `portcullis hold`: what a fraud desk knows.
//!
//! | file | holds |
//! | --- | --- |
//! | `command` | breaches: told of, ended, listed |
//! | `hold` | who or what is held: placed, lifted, listed |
//! | `told` | their answers |

mod command;
mod hold;
mod told;

pub(super) use command::{IncidentArgs, run};
pub(super) use hold::{HoldArgs, run as run_hold};
