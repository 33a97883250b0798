//! Counting over many accounts: which windows a request charges and reads outside its account, and what they say.
//!
//! | file | holds |
//! | --- | --- |
//! | `kinds` | the closed list of windows |
//! | `sources` | what a request comes from |
//! | `plan` | the windows of one request, charged and read in one trip beside the load |
//! | `tally` | what is counted in them |
//! | `ending` | what is taken back once the answer is known |
//! | `looking` | secrets that are being looked at right now |
//! | `readers` | who reads accounts, and the ports of those that one identity read among many |
//!
//! What a rule counts is charged before the secret is looked at or the ask decided, under the request's token, so that a
//! repeated request counts once. A proven change reads and writes nothing, but where the change itself is what is counted.
//! Windows of an account's own secrets are charged in the load trip (`service/weigh.rs`); budgets of callers, which refuse
//! and do not decide, stand in `unshown` and `budget`.

mod ending;
mod kinds;
mod looking;
mod plan;
mod readers;
mod sources;
mod tally;

pub use kinds::{WINDOW_KINDS, WindowKind};

pub(super) use ending::{Ending, has_sign};
pub(super) use looking::Looking;
pub(super) use plan::Counted;
pub(super) use tally::{Found, is_spraying};
