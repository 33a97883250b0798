//! Who may call what, on whose data: the one table.
//!
//! A use case takes an [`Authorised`] value, which only [`authorise`] makes. INVARIANT (fail-closed): a pair of role and
//! right that the table does not name is refused.

mod table;
#[cfg(test)]
mod tests;

pub use table::{Authorised, RIGHTS, Right, Whose, authorise, may_ask, may_tell, right};
