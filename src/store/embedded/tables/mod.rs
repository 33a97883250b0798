//! What is asked of each table: one file a table, every statement beside its meaning.

pub(super) mod accounts;
pub(super) mod archived;
pub(super) mod copying;
pub(super) mod directory;
pub(super) mod due;
pub(super) mod fresh;
pub(super) mod journal;
pub(super) mod leases;
mod places;
pub(super) mod records;
pub(super) mod requests;
pub(super) mod rows;
pub(super) mod sealed;

use places::{names_after, place_for};
