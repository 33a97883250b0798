//! Policy files: TOML, with rules in the syntax of CEL.
//!
//! A file either says everything, or extends a built-in policy: then it changes knobs, adds rules, and replaces or leaves out
//! rules of the policy that it extends. Every policy has the rules of `policies/always.toml` besides, which no file can change.
//! What is wrong is told with file, line, column, rule and the nearest known name, and nothing is loaded.

mod built_in;
mod error;
mod load;
mod place;
mod read_knobs;
mod read_reason;
mod read_rule;
#[cfg(test)]
mod tests;

pub use built_in::{BUILT_IN, built_in};
pub use error::PolicyFileError;
pub use load::load;
