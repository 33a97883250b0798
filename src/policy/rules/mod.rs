//! Rules: conditions over facts, and what follows where one holds.
//!
//! INVARIANT (stricter-only): rules only raise. A rule added to a policy can make no answer milder, and no order of them
//! matters.

mod actions;
mod rule;
mod table;
mod told;

pub use actions::Actions;
pub use rule::{IfUnknown, Rule, RuleEffect};
pub(super) use rule::{WAIT_MAX, just_after};
pub use table::Rules;
