//! The language of rules: yes-or-no expressions over facts, in the syntax of CEL.
//!
//! An expression is read by the CEL crate's own parser inside narrow bounds, held against the schema of facts, and turned
//! into a [`Test`], our own typed form. What it says is known when it is loaded: a misspelt fact, a wrong unit, a duration
//! held against a number are errors that name the column and the nearest known name. What is decided at run time is only
//! yes, no, or that a fact is missing.
//!
//! | file | holds |
//! | --- | --- |
//! | `syntax` | the parser and its bounds: the only file that knows the CEL crate |
//! | `check` | from what was read to a typed test |
//! | `constants` | names of the policy's own numbers |
//! | `test` | the typed form, and asking it |
//! | `lasting` | until when, by time alone, an answer stays the same |
//! | `text` | a test written out again, the one way |
//! | `nearest` | what somebody may have meant |
//!
//! Deliberately absent: strings, lists and maps as values, calls, comprehensions, time of day. A rule is a condition, not a
//! program.

mod check;
mod constants;
mod error;
mod lasting;
mod nearest;
mod syntax;
mod test;
#[cfg(test)]
mod tests;
mod text;

pub(in crate::policy) use check::compile;
pub(in crate::policy) use constants::{Constant, Constants};
pub use error::ExpressionError;
pub(in crate::policy) use lasting::JUST_AFTER;
pub(in crate::policy) use nearest::nearest;
pub use test::{Quantity, Relation, Test, Tri};
