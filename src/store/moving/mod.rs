//! Carrying a store into another one, whatever either is made of: offline, resumable, and compared afterwards.
//!
//! | file | holds |
//! | --- | --- |
//! | `contract` | what a store must do so that it can be carried, and the laws of that |
//! | `stage` | how far it is, as the target remembers it |
//! | `read`, `by_time` | a store read whole, page by page; many journals read as one |
//! | `copying` | from one store into another |
//! | `compare`, `tally` | both read again, and held against each other |
//!
//! What is read is sealed bytes under keyed tokens, and goes as it is: nothing here has a key. Not carried: leases, which
//! nobody holds while no engine runs; charges that are written nowhere; and positions, since the target is another store.

mod by_time;
mod compare;
mod contract;
mod copying;
mod read;
mod stage;
mod tally;

pub use compare::{Compared, Difference};
pub use contract::{Filling, Mark, Movable, MovedRequest, MovedWindow, Page, Standing, Thing, Walked};
pub use copying::{Moved, Moving, MovingError, copy};
pub use tally::{Counts, Kind};
