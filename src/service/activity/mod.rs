//! What happened to an account or a line, for its people: page by page, and as it happens. What of it was not them is said in
//! `challenges/declining.rs`.

mod following;
mod listing;

pub use following::ActivityWatch;
pub use listing::{ACTIVITY_PAGE_MAX, ActivityPage};
