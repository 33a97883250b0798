//! Rules: conditions over facts, and what follows where one holds.
//!
//! INVARIANT (stricter-only): rules only raise. A rule added to a policy can make no answer milder, and no order of them
//! matters.

mod actions;
mod rule;
mod table;
mod told;

pub use actions::Actions;
pub(super) use rule::just_after;
pub use rule::{IfUnknown, Rule, RuleEffect};
pub use table::Rules;
