//! Challenges that wait: proof given for one, a no to one, what waits for a customer, and the end of it.
//!
//! | file | holds |
//! | --- | --- |
//! | `keeping` | a challenge kept with its decision, and what a completion makes of it |
//! | `finding` | from a challenge's id to its record and to what is kept of it |
//! | `giving` | proof from somebody else than who asked |
//! | `ahead` | proof for what nobody has asked for yet |
//! | `showing` | identity documents: who may scan one, and who may say that they have seen it |
//! | `sending` | a code sent to the customer |
//! | `wording` | what its text says |
//! | `completing` | who asked goes on: everything is decided anew |
//! | `declining`, `undoing` | the customer's no, and what it does |
//! | `waiting` | what waits for a customer |
//! | `following` | how a decision stands, as it changes |
//!
//! INVARIANT (fail-closed): proof satisfies a challenge and approves nothing. Only a completion decides, as any question is
//! decided, with the locks, holds and windows of that moment.

mod ahead;
mod completing;
mod declining;
mod finding;
mod following;
mod giving;
mod keeping;
mod sending;
mod showing;
mod undoing;
mod waiting;
mod wording;

pub(super) use ahead::use_ahead;
pub use ahead::{Ahead, GivenAhead};
pub use completing::{Completed, Completion};
pub use declining::{Declining, Dispute};
pub use following::DecisionWatch;
pub use giving::{Submission, Submitted};
pub use sending::{CodeKind, CodeSender, CodeToSend, Sending, Sent};
pub use waiting::{PENDING_PAGE_MAX, PendingPage, WaitingChallenge};
pub(super) use wording::transfer_pin_text;

pub(super) use keeping::{check_not_met, note_answers, supersede};
