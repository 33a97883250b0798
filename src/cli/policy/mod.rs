//! `portcullis policy`: looks at policies, before they decide.
//!
//! | file | holds |
//! | --- | --- |
//! | `command` | the commands there are |
//! | `file` | reading a policy from a file, or the built-in one |
//! | `change` | the policy of a running service, changed by two people |
//! | `check` | whether a file is a policy, and what is in it |
//! | `diff` | what another file changes |
//! | `facts` | what rules may ask |
//! | `generated` | generated traffic against a policy |
//! | `recorded`, `source` | records, read again, and where they come from |
//! | `explain` | one decision, rule by rule |
//! | `replay/` | recorded decisions against another policy |

mod change;
mod check;
mod command;
mod diff;
mod explain;
mod facts;
mod file;
mod generated;
mod recorded;
mod replay;
mod source;

pub(super) use command::{PolicyCommand, run};
pub(super) use file::{policy_of, shadow_of};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use recorded::decision_line;
