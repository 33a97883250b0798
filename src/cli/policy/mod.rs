//! `portcullis policy`: looks at policies, before they decide.
//!
//! | file | holds |
//! | --- | --- |
//! | `command` | the commands there are |
//! | `file` | reading a policy from a file, or the built-in one |
//! | `check` | whether a file is a policy, and what is in it |
//! | `diff` | what another file changes |
//! | `facts` | what rules may ask |

mod check;
mod command;
mod diff;
mod facts;
mod file;

pub(super) use command::{PolicyCommand, run};
pub(super) use file::{policy_of, shadow_of};
