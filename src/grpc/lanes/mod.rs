//! Overload: how many calls are worked on at a time. What is too much is refused before anything is read of it.
//!
//! | file | holds |
//! | --- | --- |
//! | `lane` | which lane a method goes by |
//! | `bounds` | the lanes: how many are in each, and who is told to come back |
//! | `shedding` | the layer before every service |
//!
//! One bound on the calls in flight keeps every queue behind it short: a call that is let in waits for at most so many
//! others, at its account, at the store's writer, anywhere. Locks and permits have a lane of their own, which no crowd of
//! questions fills. A refused call costs no token, no message and no store: nothing of it is charged or recorded.
//!
//! A place is taken by a caller who is known, with its message whole: a stream that says nothing holds none. While a lane is
//! full, the layer refuses before either is looked at.
//!
//! Deliberately absent: queues. A call that waits at the door is not answered sooner, only later.

mod bounds;
mod lane;
mod shedding;

pub use bounds::Lanes;
pub(super) use shedding::SheddingLayer;
