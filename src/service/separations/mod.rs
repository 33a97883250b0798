//! Line separation: two trained people of the fraud desk give a survivor of abuse lines of an account whose owner is not asked.
//!
//! | file | holds |
//! | --- | --- |
//! | `proposing` | the first person's word: the lines, and the account on which they stand as the survivor's |
//! | `changing` | the second person's word, which opens it, and its end |
//! | `leaving` | what becomes of a line where it was taken from, once it has left |
//! | `opening` | what a reference opens, and who may see what is done under it |
//!
//! Whatever is asked under a separation's reference is asked of its account. So nothing here knows how to override a lock, a cool-down or
//! an owner: there is none on that account, and the proof that is asked for is its owner's.
//!
//! INVARIANT (separation-is-unseen): the account that the lines are on is read, and nothing of it is written before a line has left it; then
//! its row says so, and no record does.

mod changing;
mod leaving;
mod opening;
mod proposing;

pub use changing::{SeparationOrder, SeparationView};
pub(super) use leaving::Leaving;
pub(super) use opening::{may_see, may_see_event};
pub use proposing::{Proposal, SeenSeparation, SeparationSettings};
